// A plane of adjoints from the sink of a segment back to its start. Behind planes_forward.cl.
//
// In planes of adjoints v holds dL/dk. They take the places of the planes of the forward pass, whose entries in front of
// every pointwise step are on the tape by then. What a pair contributes is its record, in which it is linear:
//   [pixel, channel]  sum over p' of dL/dk0[p, p'] x'_p'/C
//   [pixel]           for each pointwise step: dL/dq of the row image, through this pair alone
//
// Where an image is paired with itself (PAIRING = ROW_AGAINST_ITSELF) the record takes both sides' shares. In the group
// form p of one work-item is p' of another: the second side's shares wait on the tape until the first side's are in.

#define HAS_BOTH (PAIRING == ROW_AGAINST_ITSELF)

// ---- pointwise steps ------------------------------------------------------------------------------------------------

#define POINT_REVERSE(slots, function)                                                                                 \
    {                                                                                                                  \
        real row[slots], col[slots];                                                                                   \
        load_slots(s, step->slot, step->height * step->width, slots, p, q, row, col);                                  \
        if (HAS_BOTH) {                                                                                                \
            adjoint other = *g;                                                                                        \
            function(e, &other, own_2, col, row, parameters);                                                          \
        }                                                                                                              \
        function(e, g, own, row, col, parameters);                                                                     \
    }                                                                                                                  \
    break

STEP void reverse_entry(const pass *s, CONSTANT plane_step *step, int p, int q, const entry *e, adjoint *g, real *own,
                        real *own_2) {
    CONSTANT acc *parameters = s->parameters + step->parameter;
    switch (step->opcode) {
#ifdef ABRELU
    case STEP_ABRELU: POINT_REVERSE(2, abrelu_entry_reverse);
#endif
#ifdef ERF
    case STEP_ERF: POINT_REVERSE(6, erf_entry_reverse);
#endif
#ifdef GELU
    case STEP_GELU: POINT_REVERSE(6, gelu_entry_reverse);
#endif
#ifdef LAYER_NORM
    case STEP_LAYER_NORM: POINT_REVERSE(3, layer_norm_entry_reverse);
#endif
    default: break;
    }
}

// A run of pointwise steps, last to first; k takes t along where a convolution stands in front.
STEP void reverse_run(const pass *s, CONSTANT plane_step *step, extent rows, int dy, int dx, int is_circular,
                      int adds_covariance, GLOBAL real *record) {
    int stride = s->plan->stride, count = step->run, plane = s->plan->plane;
    PLANES real *k = FIRST(s, step->output), *t = SECOND(s, step->output);
    FOR_PLACES(y, x, rows.height, rows.width) {
        int at = y * stride + x, p = (rows.y + y) * step->width + rows.x + x;
        int q = partner(rows.y + y, rows.x + x, dy, dx, step->height, step->width, is_circular);
        adjoint g = {k[at], t[at]};
        for (int i = count - 1; i >= 0; i--) {
            GLOBAL real *tape = s->tape + 2 * (step->taped + i) * plane + y * rows.width + x;
            entry e = {tape[0], tape[plane]};
            real own, own_2;
            reverse_entry(s, step + i, p, q, &e, &g, &own, &own_2);
            record[step[i].record + p] += own;
            if (HAS_BOTH) tape[0] = own_2;
        }
        k[at] = adds_covariance ? g.k + g.t : g.k;
        t[at] = g.t;
    }
}

// The second side's shares of the same run.
STEP void reverse_run_of_partner(const pass *s, CONSTANT plane_step *step, extent rows, int dy, int dx,
                                 int is_circular, GLOBAL real *record) {
    FOR_PLACES(y, x, rows.height, rows.width) {
        int q = partner(rows.y + y, rows.x + x, dy, dx, step->height, step->width, is_circular);
        for (int i = 0; i < step->run; i++)
            record[step[i].record + q] += s->tape[2 * (step->taped + i) * s->plan->plane + y * rows.width + x];
    }
}

// ---- convolutions ---------------------------------------------------------------------------------------------------

// Number of the output whose window sees input i of `size` at offset w; -1 if there is none among `outputs`.
STEP int seen_from(int i, int w, int front, int stride, int size, int outputs, int is_circular) {
    int z = i + front - w;
    if (is_circular) z = (z % size + size) % size;
    return z >= 0 && z % stride == 0 && z / stride < outputs ? z / stride : -1;
}

// sum = the outputs whose windows see input (y, x); rows of the outputs lie `pitch` apart.
#define TRANSPOSED_SUM(sum, step, from, pitch, y, x, in_height, in_width, out_height, out_width)                       \
    for (int i = 0; i < (step)->window.height; i++) {                                                                  \
        int out_y = seen_from(y, i, (step)->window.top, (step)->window.stride_y, in_height, out_height,                \
                              (step)->window.is_circular);                                                             \
        for (int j = 0; out_y >= 0 && j < (step)->window.width; j++) {                                                 \
            int out_x = seen_from(x, j, (step)->window.left, (step)->window.stride_x, in_width, out_width,             \
                                  (step)->window.is_circular);                                                         \
            if (out_x >= 0) sum += (from)[out_y * (pitch) + out_x];                                                    \
        }                                                                                                              \
    }

// The rim of a plane of adjoints: nothing, or the other side.
STEP void fill_adjoint_rim(const pass *s, CONSTANT plane_step *step, extent in, extent out) {
    PLANES real *k = FIRST(s, step->output), *t = SECOND(s, step->output);
    int stride = s->plan->stride;
    int top = step->window.height - 1 - step->window.top, bottom = in.height - out.height + step->window.top;
    int left = step->window.width - 1 - step->window.left, right = in.width - out.width + step->window.left;
    FOR_ALL(i, rim_count(out.height, out.width, top, bottom, left, right)) {
        int y, x;
        rim_place(i, out.height, out.width, top, bottom, left, right, &y, &x);
        int from = (y + out.height) % out.height * stride + (x + out.width) % out.width;
        k[y * stride + x] = step->window.is_circular ? k[from] : R(0);
        t[y * stride + x] = step->window.is_circular ? t[from] : R(0);
    }
}

// k and t through the transposed window; k has taken t along, and the rim of a dense one is there.
STEP void reverse_convolve(const pass *s, CONSTANT plane_step *step, extent in, extent out) {
    int stride = s->plan->stride, has_ntk = step->has_ntk;
    PLANES real *k = FIRST(s, step->output), *t = SECOND(s, step->output);
    PLANES real *to_k = FIRST(s, step->input), *to_t = SECOND(s, step->input);
    real scale = R(s->parameters[step->parameter]);
    if (is_dense_3x3(step)) {
        // The same sum again, over the window turned around.
        int shift = (step->window.top - 2) * stride + step->window.left - 2;
        FOR_WINDOW_SUMS(in.height, in.width, stride, k + shift, t + shift, has_ntk, {
            to_k[at_y * stride + at_x] = scale * sum_v;
            to_t[at_y * stride + at_x] = scale * sum_t;
        })
    } else {
        FOR_PLACES(y, x, in.height, in.width) {
            real sum_k = R(0), sum_t = R(0);
            TRANSPOSED_SUM(sum_k, step, k, stride, y, x, in.height, in.width, out.height, out.width)
            if (has_ntk) {
                TRANSPOSED_SUM(sum_t, step, t, stride, y, x, in.height, in.width, out.height, out.width)
            }
            to_k[y * stride + x] = scale * sum_k;
            to_t[y * stride + x] = scale * sum_t;
        }
    }
}

STEP void add_covariance_adjoint(const pass *s, CONSTANT plane_step *step, extent rows) {
    PLANES real *k = FIRST(s, step->output), *t = SECOND(s, step->output);
    int stride = s->plan->stride;
    FOR_PLACES(y, x, rows.height, rows.width) k[y * stride + x] += t[y * stride + x];
}

// ---- a plane through a segment --------------------------------------------------------------------------------------

STEP int is_pointwise(CONSTANT plane_step *step) { return step->opcode >= STEP_ABRELU; }

STEP void reverse_plane(const pass *s, CONSTANT plane_segment *segment, int end_dy, int end_dx, GLOBAL real *record) {
    int is_circular = segment->is_circular;
    for (int i = segment->count - 1; i >= 0; i--) {
        CONSTANT plane_step *step = s->steps + segment->first + i;
        int is_run = is_pointwise(step);
        for (; is_run && i > 0 && is_pointwise(step - 1) && step[-1].run == step->run + 1; i--) step--;
        int in_dy = end_dy * step->reach_y, in_dx = end_dx * step->reach_x;
        extent in = extent_of(step->input_height, step->input_width, in_dy, in_dx, is_circular);
        int is_convolution = step->opcode == CONVOLUTION;
        int dy = is_convolution ? in_dy / step->window.stride_y : in_dy;
        int dx = is_convolution ? in_dx / step->window.stride_x : in_dx;
        extent out = extent_of(step->height, step->width, dy, dx, is_circular);
        if (is_run) {
            int adds_covariance = i > 0 && step[-1].opcode == CONVOLUTION && step[-1].run > 0;
            reverse_run(s, step, in, in_dy, in_dx, is_circular, adds_covariance, record);
        } else if (is_convolution && step->run == 0) {
            add_covariance_adjoint(s, step, out);
        }
        BARRIER;
        if (HAS_BOTH && is_run) reverse_run_of_partner(s, step, in, in_dy, in_dx, is_circular, record);
        else if (is_convolution && is_dense_3x3(step)) fill_adjoint_rim(s, step, in, out);
        BARRIER;
        // A fork collects from its copy, a join hands on to what it has added.
        if (is_convolution) reverse_convolve(s, step, in, out);
        else if (!is_run) move_plane(s, step->output, step->input, in, step->opcode == FORK);
        BARRIER;
    }
}

// ---- sinks and sources backwards ------------------------------------------------------------------------------------

STEP void fill_plane(const pass *s, int number, extent rows, real k, real t) {
    PLANES real *to_k = FIRST(s, number), *to_t = SECOND(s, number);
    int stride = s->plan->stride;
    FOR_PLACES(y, x, rows.height, rows.width) {
        to_k[y * stride + x] = k;
        to_t[y * stride + x] = t;
    }
}

// The adjoints of a sink, which have been multiplied by its scale, at one plane: of a read-out all entries have the same.
STEP void reverse_sink(const pass *s, CONSTANT plane_segment *segment, int dy, int dx) {
    int is_pool = segment->sink == SINK_POOL;
    extent in = extent_of(segment->end_height, segment->end_width, dy, dx, segment->is_circular);
    PLANES real *to_k = FIRST(s, segment->end), *to_t = SECOND(s, segment->end);
    GLOBAL const real *sum = s->adjoints + segment->pooled;
    int stride = s->plan->stride, stride_y = segment->pool.stride_y, stride_x = segment->pool.stride_x;
    int height = is_pool ? segment->pool.height : 0, width = segment->pool.width;
    fill_plane(s, segment->end, in, is_pool ? R(0) : sum[0], is_pool ? R(0) : sum[1]);
    BARRIER;
    for (int ay = 0; ay < height; ay++)
        for (int by = 0; by < height; by++)
            for (int ax = 0; ax < width; ax++)
                for (int bx = 0; bx < width; bx++) {
                    int far_y = dy - (by - ay), far_x = dx - (bx - ax);
                    int out_dy = far_y / stride_y, out_dx = far_x / stride_x;
                    int is_there = far_y % stride_y == 0 && far_x % stride_x == 0 &&
                                   max(out_dy, -out_dy) <= segment->pool_range_y &&
                                   max(out_dx, -out_dx) <= segment->pool_range_x;
                    extent out = extent_of(segment->pool_height, segment->pool_width, out_dy, out_dx, 0);
                    GLOBAL const real *pooled_k =
                        s->adjoints + segment->pooled + pooled_offset(segment, out_dy, out_dx);
                    GLOBAL const real *pooled_t = pooled_k + segment->pooled_size;
                    int shift = (out.y * stride_y + ay - in.y) * stride + out.x * stride_x + ax - in.x;
                    int rows = is_there ? out.height : 0;
                    FOR_PLACES(y, x, rows, out.width) {
                        int to = y * stride_y * stride + x * stride_x + shift;
                        to_k[to] += pooled_k[y * out.width + x];
                        to_t[to] += pooled_t[y * out.width + x];
                    }
                    // The next pair of offsets meets the same entries, by way of other work-items.
                    BARRIER;
                }
}

// The adjoints at the start of a plane go to the pool before the segment ...
STEP void reverse_start(const pass *s, CONSTANT plane_segment *segment, int dy, int dx) {
    CONSTANT plane_segment *before = segment - 1;
    extent rows = extent_of(segment->height, segment->width, dy, dx, 0);
    GLOBAL real *pooled_k = s->adjoints + before->pooled + pooled_offset(before, dy, dx);
    GLOBAL real *pooled_t = pooled_k + before->pooled_size;
    PLANES const real *k = FIRST(s, 0), *t = SECOND(s, 0);
    int stride = s->plan->stride;
    real scale = R(s->parameters[before->pool_scale]);
    FOR_PLACES(y, x, rows.height, rows.width) {
        pooled_k[y * rows.width + x] = k[y * stride + x] * scale;
        pooled_t[y * rows.width + x] = t[y * stride + x] * scale;
    }
}

// ... or to the inputs: dk0/dx_p = x'_p'/C, and the other way round.
STEP void reverse_inputs(const pass *s, CONSTANT plane_segment *segment, int dy, int dx, int is_partner,
                         GLOBAL real *record) {
    extent rows = extent_of(segment->height, segment->width, dy, dx, segment->is_circular);
    PLANES const real *k = FIRST(s, 0);
    int stride = s->plan->stride, channels = s->plan->channels;
    real scale = R((acc)1 / channels);
    FOR_PLACES(y, x, rows.height, rows.width) {
        int p = ((rows.y + y) * segment->width + rows.x + x) * channels;
        int q = partner(rows.y + y, rows.x + x, dy, dx, segment->height, segment->width, segment->is_circular) *
                channels;
        real g = k[y * stride + x] * scale;
        for (int c = 0; c < channels; c++) {
            if (is_partner) record[q + c] = fma(g, ROW(s, p + c), record[q + c]);
            else record[p + c] = fma(g, COL(s, q + c), record[p + c]);
        }
    }
}

// One plane of a segment forward, then back from its sink to its start.
STEP void reverse_displacement(const pass *s, int number, int dy, int dx, GLOBAL real *record) {
    CONSTANT plane_segment *segment = s->segments + number;
    int start_dy = dy * segment->stride_y, start_dx = dx * segment->stride_x;
    start_plane(s, number, start_dy, start_dx);
    BARRIER;
    forward_plane(s, segment, dy, dx, 1);
    reverse_sink(s, segment, dy, dx);
    BARRIER;
    reverse_plane(s, segment, dy, dx, record);
    if (number > 0) reverse_start(s, segment, start_dy, start_dx);
    else reverse_inputs(s, segment, start_dy, start_dx, 0, record);
    BARRIER;
    if (HAS_BOTH && number == 0) reverse_inputs(s, segment, start_dy, start_dx, 1, record);
    BARRIER;
}

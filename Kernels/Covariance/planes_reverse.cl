// A plane of adjoints back through the steps of a segment. Behind planes_forward.cl.
//
// Planes of adjoints take the places of the planes of the forward pass, whose entries in front of every pointwise step are
// on the tape by then. Where an image is paired with itself the record takes both sides' shares. In the group form p of one
// work-item is p' of another: the second side's shares wait on the tape until the first side's are in.

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

STEP void reverse_plane(const pass *s, CONSTANT plane_segment *segment, int end_dy, int end_dx, GLOBAL real *record) {
    int is_circular = segment->is_circular;
    for (int i = segment->count - 1; i >= 0; i--) {
        CONSTANT plane_step *step = s->steps + segment->first + i;
        int is_run = is_pointwise(step);
        for (; is_run && i > 0 && is_pointwise(step - 1) && step[-1].run == step->run + 1; i--) step--;
        int in_dy = end_dy * step->reach_y, in_dx = end_dx * step->reach_x;
        extent in = extent_of(step->input_height, step->input_width, in_dy, in_dx, is_circular);
        int is_convolution = step->opcode == CONVOLUTION;
        int has_inputs = step->opcode == LOAD_TENSOR && step->tensor == INPUTS;
        int dy = is_convolution ? in_dy / step->window.stride_y : in_dy;
        int dx = is_convolution ? in_dx / step->window.stride_x : in_dx;
        extent out = extent_of(step->height, step->width, dy, dx, is_circular);
        if (is_run) {
            int adds_covariance = i > 0 && step[-1].opcode == CONVOLUTION && step[-1].run > 0;
            reverse_run(s, step, in, in_dy, in_dx, is_circular, adds_covariance, record);
        } else if (is_convolution && step->run == 0) {
            add_covariance_adjoint(s, step, out);
        } else if (has_inputs) {
            reverse_inputs(s, step, in_dy, in_dx, is_circular, 0, record);
        }
        BARRIER;
        if (HAS_BOTH && is_run) reverse_run_of_partner(s, step, in, in_dy, in_dx, is_circular, record);
        else if (HAS_BOTH && has_inputs) reverse_inputs(s, step, in_dy, in_dx, is_circular, 1, record);
        else if (is_convolution && is_dense_3x3(step)) fill_adjoint_rim(s, step, in, out);
        BARRIER;
        // A fork collects from its copy, a join hands on to what it has added.
        if (is_convolution) reverse_convolve(s, step, in, out);
        else if (step->opcode == PAD) reverse_pad(s, step, in_dy, in_dx);
        else if (step->opcode == FORK || step->opcode == JOIN)
            move_plane(s, step->output, step->input, in, step->opcode == FORK);
        else if (step->opcode == LOAD_TENSOR && !has_inputs) reverse_load(s, step, in_dy, in_dx, is_circular);
        BARRIER;
    }
}

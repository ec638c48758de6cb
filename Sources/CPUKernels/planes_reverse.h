// A plane of adjoints back through the steps of a segment. Planes of adjoints take the places of the planes of the forward
// pass, whose entries in front of every pointwise step are on the tape by then. Part of planes.h.

// The last step of a run, on row y. `takes` where k takes t along because a convolution stands in front; `sums` where the
// adjoints behind the step are sums over windows, yet to be made.
STEP void reverse_pointwise(const pass *s, const plane_step *step, extent rows, int dy, int dx, int is_circular, int y,
                            int takes, const windows *sums, real *record) {
    int stride = s->plan->stride, plane = s->plan->plane;
    real *own = record + step->record;
    const real *tape = s->tape + 2 * step->taped * plane + y * rows.width;
    int p = (rows.y + y) * step->width + rows.x;
    real *k = FIRST(s, step->output) + y * stride, *t = SECOND(s, step->output) + y * stride;
    FOR_PIECES(rows, y, dy, dx, step->height, step->width, is_circular, begin, q, piece) {
        windows from;
        if (sums) from = (windows){sums->first + begin, sums->second + begin, sums->stride, sums->scale};
        reverse_row(s, step, p + begin, q, piece, takes, sums ? &from : 0, tape + begin, tape + plane + begin, k + begin,
                    t + begin, own + p + begin, HAS_BOTH ? own + q : 0);
    }
}

// The rim of a plane of adjoints: nothing, or the other side.
STEP void fill_adjoint_rim(real *values, int stride, extent rows, int rim_y, int rim_x, int is_circular) {
    for (int y = -rim_y; y < rows.height + rim_y; y++) {
        for (int x = -rim_x; x < rows.width + rim_x; x++) {
            if (y >= 0 && y < rows.height && x >= 0 && x < rows.width) {
                x = rows.width - 1;
                continue;
            }
            values[y * stride + x] = is_circular
                                         ? values[wrapped(y, rows.height) * stride + wrapped(x, rows.width)]
                                         : R(0);
        }
    }
}

// The pixels in front of an input that its windows, turned around, begin at; the rim of the outputs is filled.
STEP void open_transposed_window(const pass *s, const window *w, real *output, extent out, extent in, int *front_y,
                                 int *front_x) {
    int back_y = in.height - out.height + w->top, back_x = in.width - out.width + w->left;
    *front_y = w->height - 1 - w->top;
    *front_x = w->width - 1 - w->left;
    fill_adjoint_rim(output, s->plan->stride, out, max(*front_y, back_y), max(*front_x, back_x), w->is_circular);
}

// The transposed window sum of one of k and t: input[i] = scale * sum of output[o] over the windows o that see i.
STEP void transpose_window(const pass *s, const plane_step *step, real *output, extent out, real *input, extent in) {
    const window *w = &step->window;
    int stride = s->plan->stride;
    real scale = R(s->parameters[step->parameter]);
    if (w->stride_y == 1 && w->stride_x == 1) {
        int front_y, front_x;
        open_transposed_window(s, w, output, out, in, &front_y, &front_x);
        // The same sum again, over the window turned around: pixel i is seen from i - front on.
        for (int y = 0; y < in.height; y++)
            window_row(output - front_x, stride, w, y - front_y, in.width, &scale, s->columns,
                       input + (ptrdiff_t)y * stride);
        return;
    }
    for (int y = 0; y < in.height; y++)
        for (int x = 0; x < in.width; x++) {
            real sum = R(0);
            TRANSPOSED_SUM(sum, step, output, stride, y, x, in.height, in.width, out.height, out.width)
            input[(ptrdiff_t)y * stride + x] = scale * sum;
        }
}

// Both through the transposed window; where no pointwise step has done it, k takes t along first.
STEP void reverse_convolve(const pass *s, const plane_step *step, extent in, extent out) {
    real *k = FIRST(s, step->output), *t = SECOND(s, step->output);
    transpose_window(s, step, k, out, FIRST(s, step->input), in);
    real *to_t = SECOND(s, step->input);
    if (step->has_ntk) transpose_window(s, step, t, out, to_t, in);
    else
        for (int y = 0; y < in.height; y++)
            for (int x = 0; x < in.width; x++) to_t[(ptrdiff_t)y * s->plan->stride + x] = R(0);
}

STEP void add_covariance_adjoint(const pass *s, const plane_step *step, extent rows) {
    int stride = s->plan->stride;
    real *k = FIRST(s, step->output), *t = SECOND(s, step->output);
    for (int y = 0; y < rows.height; y++)
        for (int x = 0; x < rows.width; x++) k[y * stride + x] += t[y * stride + x];
}

// A convolution of 3 x 3 windows side by side and the pointwise step in front of it, row by row.
STEP void reverse_dense_convolve(const pass *s, const plane_step *step, extent in, extent out, int dy, int dx,
                                 int is_circular, int takes, real *record) {
    int stride = s->plan->stride, front_y, front_x;
    real *k = FIRST(s, step->output), *t = SECOND(s, step->output);
    open_transposed_window(s, &step->window, k, out, in, &front_y, &front_x);
    open_transposed_window(s, &step->window, t, out, in, &front_y, &front_x);
    for (int y = 0; y < in.height; y++) {
        ptrdiff_t first = (ptrdiff_t)(y - front_y) * stride - front_x;
        windows sums = {k + first, t + first, stride, R(s->parameters[step->parameter])};
        reverse_pointwise(s, step - 1, in, dy, dx, is_circular, y, takes, &sums, record);
    }
}

// Whether k takes t along in front of pointwise step i of a segment.
STEP int takes_covariance(const plane_segment *segment, const plane_step *steps, int i) {
    const plane_step *before = steps + segment->first + i - 1;
    return i > 0 && before->opcode == CONVOLUTION && before->run > 0;
}

STEP void reverse_plane(const pass *s, const plane_segment *segment, int end_dy, int end_dx, real *record) {
    int is_circular = segment->is_circular;
    for (int i = segment->count - 1; i >= 0; i--) {
        const plane_step *step = s->steps + segment->first + i;
        int dy = end_dy * step->reach_y, dx = end_dx * step->reach_x;
        extent in = extent_of(step->input_height, step->input_width, dy, dx, is_circular);
        switch (step->opcode) {
        case LOAD_TENSOR:
            if (step->tensor == INPUTS) {
                reverse_inputs(s, step, dy, dx, is_circular, 0, record);
                if (HAS_BOTH) reverse_inputs(s, step, dy, dx, is_circular, 1, record);
            } else {
                reverse_load(s, step, dy, dx, is_circular);
            }
            break;
        case CONVOLUTION: {
            extent out = extent_of(step->height, step->width, dy / step->window.stride_y, dx / step->window.stride_x,
                                   is_circular);
            if (step->run == 0) add_covariance_adjoint(s, step, out);
            // The state in front is a pointwise step's alone where nothing else reads it, a fork included.
            if (step->has_ntk && is_dense_3x3(&step->window) && i > 0 && is_pointwise(step - 1) &&
                step[-1].output == step->input) {
                i--;
                reverse_dense_convolve(s, step, in, out, dy, dx, is_circular, takes_covariance(segment, s->steps, i),
                                       record);
            } else {
                reverse_convolve(s, step, in, out);
            }
            break;
        }
        case PAD: reverse_pad(s, step, dy, dx); break;
        // A fork collects from its copy, a join hands on to what it has added.
        case FORK:
        case JOIN: move_plane(s, step->output, step->input, in, step->opcode == FORK); break;
        default:
            for (int y = 0; y < in.height; y++)
                reverse_pointwise(s, step, in, dy, dx, is_circular, y, takes_covariance(segment, s->steps, i), 0, record);
            break;
        }
    }
}

// A plane of a pair through the steps of a segment. Part of planes.h.

// The row of a plane whose entries lie at `begin` ..< begin + piece: pieces end where the partner's row wraps around.
#define FOR_PIECES(rows, y, dy, dx, height, width_, is_circular, begin, q, piece)                                      \
    for (int begin = 0, piece; begin < (rows).width; begin += piece)                                                   \
        for (int q = partner((rows).y + (y), (rows).x + begin, dy, dx, height, width_, is_circular),                   \
                 once_piece = (piece = min((rows).width - begin, (is_circular) ? (width_) - q % (width_)               \
                                                                               : (rows).width),                       \
                               1);                                                                                     \
             once_piece; once_piece = 0)

// `count` pointwise steps on row y of v and t, of which the first may take sums over windows instead; with a tape what
// stands in front of each goes there.
STEP void pointwise_run(const pass *s, const plane_step *step, int count, extent rows, int dy, int dx, int is_circular,
                        int y, int adds_covariance, const windows *sums, int is_taped, real *v, real *t) {
    int plane = s->plan->plane;
    for (int i = 0; i < count; i++, step++) {
        int p = (rows.y + y) * step->width + rows.x;
        real *tape = is_taped ? s->tape + 2 * step->taped * plane + y * rows.width : 0;
        FOR_PIECES(rows, y, dy, dx, step->height, step->width, is_circular, begin, q, piece) {
            windows from;
            if (sums) from = (windows){sums->first + begin, sums->second + begin, sums->stride, sums->scale};
            pointwise_row(s, step, p + begin, q, piece, adds_covariance && i == 0, sums && i == 0 ? &from : 0, v + begin,
                          t + begin, is_taped ? tape + begin : 0, is_taped ? tape + plane + begin : 0);
        }
    }
}

// The rim of a plane before a convolution: outside of one image its pixel is 0, so that v is the other's variance.
STEP void fill_rim(const pass *s, const plane_step *step, real *v, real *t, extent rows, int dy, int dx) {
    const window *w = &step->window;
    if (!w->is_padded) return;
    int height = step->input_height, width = step->input_width, stride = s->plan->stride, has_ntk = step->has_ntk;
    int bottom = w->height - 1 - w->top, right = w->width - 1 - w->left;
    for (int y = -w->top; y < rows.height + bottom; y++) {
        for (int x = -w->left; x < rows.width + right; x++) {
            if (y >= 0 && y < rows.height && x >= 0 && x < rows.width) {
                x = rows.width - 1;
                continue;
            }
            int to = y * stride + x;
            if (w->is_circular) {
                int from = wrapped(y, rows.height) * stride + wrapped(x, rows.width);
                v[to] = v[from];
                if (has_ntk) t[to] = t[from];
                continue;
            }
            int py = y + rows.y, px = x + rows.x, qy = py + dy, qx = px + dx;
            v[to] = R(0);
            if (step->slot != NO_SLOT) {
                if (py >= 0 && py < height && px >= 0 && px < width) v[to] = ROW(s, step->slot + py * width + px);
                else if (qy >= 0 && qy < height && qx >= 0 && qx < width)
                    v[to] = COL(s, step->slot + qy * width + qx);
            }
            if (has_ntk) t[to] = R(0);
        }
    }
}

// A convolution and the pointwise steps behind it, row by row while the row is in a near cache.
STEP void convolve(const pass *s, const plane_step *step, extent in, extent rows, int in_dy, int in_dx, int is_circular,
                   int is_taped) {
    const window *w = &step->window;
    int stride = s->plan->stride, dy = in_dy / w->stride_y, dx = in_dx / w->stride_x;
    real *from_v = FIRST(s, step->input), *from_t = SECOND(s, step->input);
    fill_rim(s, step, from_v, from_t, in, in_dy, in_dx);
    real scale = R(s->parameters[step->parameter]);
    int makes_sums_in_passing = step->run > 0 && step->has_ntk && is_dense_3x3(w);
    for (int y = 0; y < rows.height; y++) {
        real *v = FIRST(s, step->output) + y * stride, *t = SECOND(s, step->output) + y * stride;
        int from = y * w->stride_y - w->top;
        if (makes_sums_in_passing) {
            ptrdiff_t first = (ptrdiff_t)from * stride - w->left;
            windows sums = {from_v + first, from_t + first, stride, scale};
            pointwise_run(s, step + 1, step->run, rows, dy, dx, is_circular, y, 1, &sums, is_taped, v, t);
            continue;
        }
        window_row(from_v - w->left, stride, w, from, rows.width, &scale, s->columns, v);
        if (step->has_ntk) window_row(from_t - w->left, stride, w, from, rows.width, &scale, s->columns, t);
        else
            for (int x = 0; x < rows.width; x++) t[x] = R(0);
        if (step->run == 0) {
            int p = (rows.y + y) * step->width + rows.x;
            FOR_PIECES(rows, y, dy, dx, step->height, step->width, is_circular, begin, q, piece)
            add_covariance_row(s, step, p + begin, q, piece, v + begin, t + begin);
        }
        pointwise_run(s, step + 1, step->run, rows, dy, dx, is_circular, y, 1, 0, is_taped, v, t);
    }
}

// Runs the steps of a segment on the plane that ends at displacement (end_dy, end_dx).
STEP void forward_plane(const pass *s, const plane_segment *segment, int end_dy, int end_dx, int is_taped) {
    int is_circular = segment->is_circular, stride = s->plan->stride;
    for (int i = 0; i < segment->count;) {
        const plane_step *step = s->steps + segment->first + i;
        int dy = end_dy * step->reach_y, dx = end_dx * step->reach_x;
        extent in = extent_of(step->input_height, step->input_width, dy, dx, is_circular);
        switch (step->opcode) {
        case LOAD_TENSOR: load_plane(s, step, dy, dx, is_circular); break;
        case CONVOLUTION: {
            extent out = extent_of(step->height, step->width, dy / step->window.stride_y, dx / step->window.stride_x,
                                   is_circular);
            convolve(s, step, in, out, dy, dx, is_circular, is_taped);
            break;
        }
        case PAD: pad_plane(s, step, dy, dx); break;
        case FORK:
        case JOIN: move_plane(s, step->input, step->output, in, step->opcode == JOIN); break;
        default:
            for (int y = 0; y < in.height; y++)
                pointwise_run(s, step, step->run, in, dy, dx, is_circular, y, 0, 0, is_taped,
                              FIRST(s, step->input) + y * stride, SECOND(s, step->input) + y * stride);
            break;
        }
        i += step->run + !is_pointwise(step);
    }
}

// A plane of a pair through the steps of a segment. Behind planes_ends.cl.

// ---- pointwise steps, in registers ----------------------------------------------------------------------------------

LOAD_SLOTS(pass, int)

#define POINT(slots, statement)                                                                                        \
    {                                                                                                                  \
        real row[slots], col[slots];                                                                                   \
        load_slots(s, step->slot, pixels, slots, p, q, row, col);                                                      \
        if (adds_covariance) {                                                                                         \
            real k;                                                                                                    \
            entry_covariance(e, row, col, &k);                                                                         \
            e->t += k;                                                                                                 \
            adds_covariance = 0;                                                                                       \
        }                                                                                                              \
        if (tape) {                                                                                                    \
            tape[0] = e->v;                                                                                            \
            tape[s->plan->plane] = e->t;                                                                               \
            tape += 2 * s->plan->plane;                                                                                \
        }                                                                                                              \
        statement;                                                                                                     \
    }                                                                                                                  \
    break

// The pointwise steps from `step` on at one entry: p and q its pixels, tape where (v, t) in front of each go, if at all.
STEP void run_entry(const pass *s, CONSTANT plane_step *step, int count, int p, int q, int adds_covariance,
                    GLOBAL real *tape, entry *e) {
    int pixels = step->height * step->width;
    for (int i = 0; i < count; i++, step++) {
        CONSTANT acc *parameters = s->parameters + step->parameter;
        switch (step->opcode) {
#ifdef ABRELU
        case STEP_ABRELU: POINT(2, abrelu_entry(e, row, col, parameters));
#endif
#ifdef ERF
        case STEP_ERF: POINT(6, erf_entry(e, row, col, parameters));
#endif
#ifdef GELU
        case STEP_GELU: POINT(6, gelu_entry(e, row, col, parameters));
#endif
#ifdef LAYER_NORM
        case STEP_LAYER_NORM: POINT(3, layer_norm_entry(e, row, col, parameters));
#endif
        default: break;
        }
    }
}

// Where the tape of the pointwise steps from number `taped` on has an entry; NULL without a tape.
STEP GLOBAL real *tape_at(const pass *s, int is_taped, int taped, int place) {
    return is_taped ? s->tape + 2 * taped * s->plan->plane + place : 0;
}

// ---- windows --------------------------------------------------------------------------------------------------------

// Number `i` of the places around a height x width rectangle, whose rim is top, bottom, left and right wide.
STEP void rim_place(int i, int height, int width, int top, int bottom, int left, int right, int *y, int *x) {
    int all = left + width + right, lines = (top + bottom) * all;
    if (i < lines) {
        *y = i / all;
        *x = i - *y * all - left;
        *y = *y < top ? *y - top : *y - top + height;
    } else {
        *y = (i - lines) / (left + right);
        *x = (i - lines) - *y * (left + right);
        *x = *x < left ? *x - left : *x - left + width;
    }
}

STEP int rim_count(int height, int width, int top, int bottom, int left, int right) {
    return (top + bottom) * (left + width + right) + height * (left + right);
}

// The rim of a plane in front of a convolution: outside of one image its pixel is 0, so that v is the other's variance.
STEP void fill_rim(const pass *s, CONSTANT plane_step *step, PLANES real *v, PLANES real *t, extent rows, int dy,
                   int dx) {
    int stride = s->plan->stride, height = step->input_height, width = step->input_width;
    int top = step->window.top, left = step->window.left;
    int bottom = step->window.height - 1 - top, right = step->window.width - 1 - left;
    FOR_ALL(i, rim_count(rows.height, rows.width, top, bottom, left, right)) {
        int y, x;
        rim_place(i, rows.height, rows.width, top, bottom, left, right, &y, &x);
        real first = R(0), second = R(0);
        if (step->window.is_circular) {
            int from = (y + rows.height) % rows.height * stride + (x + rows.width) % rows.width;
            first = v[from];
            second = t[from];
        } else if (step->slot != NO_SLOT) {
            int py = y + rows.y, px = x + rows.x, qy = py + dy, qx = px + dx;
            if (py >= 0 && py < height && px >= 0 && px < width) first = ROW(s, step->slot + py * width + px);
            else if (qy >= 0 && qy < height && qx >= 0 && qx < width) first = COL(s, step->slot + qy * width + qx);
        }
        v[y * stride + x] = first;
        t[y * stride + x] = second;
    }
}

// Sums over the 3 x 3 windows of two planes whose rows stand at v and t: `body` sees each as sum_v and sum_t at
// (at_y, at_x). Lines of three are kept from one window to the next; a work-item takes one row of windows (vector form)
// or SHARE windows below each other (group form, neighbours side by side). Without has_t sum_t is 0.
#if GROUP == 1
#define ALONG(stride) 1
#define ACROSS(stride) (stride)
#define STRIPS(height, width) (height)
#define STRIP_LENGTH(height, width, y) (width)
#define STRIP_Y(i, width) (i)
#define STRIP_X(i, width) 0
#else
#define ALONG(stride) (stride)
#define ACROSS(stride) 1
#define STRIPS(height, width) (((height) + SHARE - 1) / SHARE * (width))
#define STRIP_LENGTH(height, width, y) min(SHARE, (height) - (y))
#define STRIP_Y(i, width) ((i) / (width) * SHARE)
#define STRIP_X(i, width) ((i) % (width))
#endif

STEP void line_sum(PLANES const real *from, int across, real *sum) { *sum = from[0] + from[across] + from[2 * across]; }

#define FOR_WINDOW_SUMS(height, width, stride, v, t, has_t, body)                                                      \
    FOR_ALL(strip, STRIPS(height, width)) {                                                                            \
        int start_y = STRIP_Y(strip, width), start_x = STRIP_X(strip, width);                                          \
        int length = STRIP_LENGTH(height, width, start_y);                                                             \
        PLANES const real *from_v = (v) + start_y * (stride) + start_x, *from_t = (t) + start_y * (stride) + start_x;  \
        real v0, v1, v2, t0 = R(0), t1 = R(0), t2 = R(0);                                                              \
        line_sum(from_v, ACROSS(stride), &v0);                                                                         \
        line_sum(from_v + ALONG(stride), ACROSS(stride), &v1);                                                         \
        if (has_t) {                                                                                                   \
            line_sum(from_t, ACROSS(stride), &t0);                                                                     \
            line_sum(from_t + ALONG(stride), ACROSS(stride), &t1);                                                     \
        }                                                                                                              \
        for (int n = 0; n < length; n++) {                                                                             \
            line_sum(from_v + (n + 2) * ALONG(stride), ACROSS(stride), &v2);                                           \
            if (has_t) line_sum(from_t + (n + 2) * ALONG(stride), ACROSS(stride), &t2);                                \
            real sum_v = v0 + v1 + v2, sum_t = t0 + t1 + t2;                                                           \
            int at_y = GROUP == 1 ? start_y : start_y + n, at_x = GROUP == 1 ? start_x + n : start_x;                  \
            body;                                                                                                      \
            v0 = v1;                                                                                                   \
            v1 = v2;                                                                                                   \
            t0 = t1;                                                                                                   \
            t1 = t2;                                                                                                   \
        }                                                                                                              \
    }

// Whether the sums of a convolution go over 3 x 3 windows side by side.
STEP int is_dense_3x3(CONSTANT plane_step *step) {
    return step->window.height == 3 && step->window.width == 3 && step->window.stride_y == 1 &&
           step->window.stride_x == 1;
}

// One result of a convolution: k joins t where nothing pointwise follows, else the run of pointwise steps does it all.
STEP void finish_entry(const pass *s, CONSTANT plane_step *step, extent rows, int dy, int dx, int y, int x,
                       int is_circular, int is_taped, entry *e) {
    int p = (rows.y + y) * step->width + rows.x + x;
    int q = partner(rows.y + y, rows.x + x, dy, dx, step->height, step->width, is_circular);
    if (step->run > 0) {
        run_entry(s, step + 1, step->run, p, q, 1, tape_at(s, is_taped, step[1].taped, y * rows.width + x), e);
    } else {
        real q1 = ROW(s, step->after + p), q2 = COL(s, step->after + q);
        e->t += R(0.5) * (q1 + q2 - e->v);
    }
}

// A convolution and the pointwise steps behind it; the rim is there.
STEP void convolve(const pass *s, CONSTANT plane_step *step, extent rows, int dy, int dx, int is_circular,
                   int is_taped) {
    int stride = s->plan->stride, has_ntk = step->has_ntk;
    int shift = step->window.top * stride + step->window.left;
    PLANES const real *v = FIRST(s, step->input) - shift, *t = SECOND(s, step->input) - shift;
    PLANES real *to_v = FIRST(s, step->output), *to_t = SECOND(s, step->output);
    real scale = R(s->parameters[step->parameter]);
    if (is_dense_3x3(step)) {
        FOR_WINDOW_SUMS(rows.height, rows.width, stride, v, t, has_ntk, {
            entry e;
            e.v = scale * sum_v;
            e.t = scale * sum_t;
            finish_entry(s, step, rows, dy, dx, at_y, at_x, is_circular, is_taped, &e);
            to_v[at_y * stride + at_x] = e.v;
            to_t[at_y * stride + at_x] = e.t;
        })
    } else {
        FOR_PLACES(y, x, rows.height, rows.width) {
            int from = y * step->window.stride_y * stride + x * step->window.stride_x;
            entry e = {R(0), R(0)};
            for (int i = 0; i < step->window.height; i++)
                for (int j = 0; j < step->window.width; j++) {
                    e.v += v[from + i * stride + j];
                    if (has_ntk) e.t += t[from + i * stride + j];
                }
            e.v *= scale;
            e.t *= scale;
            finish_entry(s, step, rows, dy, dx, y, x, is_circular, is_taped, &e);
            to_v[y * stride + x] = e.v;
            to_t[y * stride + x] = e.t;
        }
    }
}

// ---- a plane through a segment --------------------------------------------------------------------------------------

// A run of pointwise steps that no convolution has done in passing.
STEP void run_plane(const pass *s, CONSTANT plane_step *step, extent rows, int dy, int dx, int is_circular,
                    int is_taped) {
    PLANES real *v = FIRST(s, step->input), *t = SECOND(s, step->input);
    int stride = s->plan->stride;
    FOR_PLACES(y, x, rows.height, rows.width) {
        int p = (rows.y + y) * step->width + rows.x + x;
        int q = partner(rows.y + y, rows.x + x, dy, dx, step->height, step->width, is_circular);
        entry e = {v[y * stride + x], t[y * stride + x]};
        run_entry(s, step, step->run, p, q, 0, tape_at(s, is_taped, step->taped, y * rows.width + x), &e);
        v[y * stride + x] = e.v;
        t[y * stride + x] = e.t;
    }
}

// Runs the steps of a segment on the plane that ends at displacement (end_dy, end_dx).
STEP void forward_plane(const pass *s, CONSTANT plane_segment *segment, int end_dy, int end_dx, int is_taped) {
    int is_circular = segment->is_circular;
    for (int i = 0, next; i < segment->count; i = next) {
        CONSTANT plane_step *step = s->steps + segment->first + i;
        int is_convolution = step->opcode == CONVOLUTION;
        int dy = end_dy * step->reach_y, dx = end_dx * step->reach_x;
        extent in = extent_of(step->input_height, step->input_width, dy, dx, is_circular);
        if (is_convolution && step->window.is_padded)
            fill_rim(s, step, FIRST(s, step->input), SECOND(s, step->input), in, dy, dx);
        BARRIER;
        if (is_convolution) {
            dy /= step->window.stride_y;
            dx /= step->window.stride_x;
            extent out = extent_of(step->height, step->width, dy, dx, is_circular);
            convolve(s, step, out, dy, dx, is_circular, is_taped);
        } else if (step->opcode == LOAD_TENSOR) {
            load_plane(s, step, dy, dx, is_circular);
        } else if (step->opcode == PAD) {
            pad_plane(s, step, dy, dx);
        } else if (step->opcode == FORK || step->opcode == JOIN) {
            move_plane(s, step->input, step->output, in, step->opcode == JOIN);
        } else {
            run_plane(s, step, in, dy, dx, is_circular, is_taped);
        }
        BARRIER;
        next = i + step->run + !is_pointwise(step);
    }
}

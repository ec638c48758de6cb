// Where a plane comes from and where it goes: tensors and inputs, zeros around an image, sinks; in both directions.
// Behind planes.cl.
//
// In planes of adjoints v holds dL/dk. A tensor's planes are as large as their extents, one behind the other; those of
// displacements that wrap around hold the entries of up to four of them.

// ---- tensors --------------------------------------------------------------------------------------------------------

// The parts of a plane whose displacement (dy, dx) may wrap around in a height x width image: own_y and own_x are those of
// the entries, `part` where they are, `shift` where that begins in the plane.
#define FOR_PARTS(dy, dx, height, width, stride, is_circular, own_y, own_x, part, shift)                               \
    for (int turn_y = 0; turn_y <= ((is_circular) && (dy) > 0); turn_y++)                                              \
        for (int turn_x = 0; turn_x <= ((is_circular) && (dx) > 0); turn_x++)                                          \
            for (int own_y = (dy) - turn_y * (height), own_x = (dx) - turn_x * (width), once_part = 1; once_part;      \
                 once_part = 0)                                                                                        \
                for (extent part = extent_of(height, width, own_y, own_x, 0); once_part; once_part = 0)                \
                    for (int shift = (is_circular) ? part.y * (stride) + part.x : 0; once_part; once_part = 0)

// From inputs v = |x_p - x'_p'|^2/C.
STEP void load_inputs(const pass *s, CONSTANT plane_step *step, int dy, int dx, int is_circular) {
    extent rows = extent_of(step->height, step->width, dy, dx, is_circular);
    PLANES real *v = FIRST(s, step->output), *t = SECOND(s, step->output);
    int stride = s->plan->stride, channels = s->plan->channels, height = step->height, width = step->width;
    real scale = R((acc)1 / channels);
    FOR_PLACES(y, x, rows.height, rows.width) {
        int p = ((rows.y + y) * width + rows.x + x) * channels;
        int q = partner(rows.y + y, rows.x + x, dy, dx, height, width, is_circular) * channels;
        real sum = R(0);
        for (int c = 0; c < channels; c++) {
            real d = ROW(s, p + c) - COL(s, q + c);
            sum = fma(d, d, sum);
        }
        v[y * stride + x] = sum * scale;
        t[y * stride + x] = R(0);
    }
}

// From a tensor: the mean of v less the spread inside either window.
STEP void load_plane(const pass *s, CONSTANT plane_step *step, int dy, int dx, int is_circular) {
    if (step->tensor == INPUTS) {
        load_inputs(s, step, dy, dx, is_circular);
        return;
    }
    CONSTANT plane_segment *from = s->segments + step->tensor;
    PLANES real *v = FIRST(s, step->output), *t = SECOND(s, step->output);
    int stride = s->plan->stride, height = step->height, width = step->width, slot = step->slot;
    real scale = R(s->parameters[step->parameter]);
    FOR_PARTS(dy, dx, height, width, stride, is_circular, own_y, own_x, part, shift) {
        GLOBAL const real *pooled_v = s->pooled + from->pooled + pooled_offset(from, own_y, own_x);
        GLOBAL const real *pooled_t = pooled_v + from->pooled_size;
        FOR_PLACES(y, x, part.height, part.width) {
            int p = slot + (part.y + y) * width + part.x + x, at = shift + y * stride + x;
            // Two statements: a fused multiply-add would leave a rounding error where the difference is exactly 0.
            real mean = pooled_v[y * part.width + x] * scale;
            if (slot == NO_SLOT) v[at] = mean;
            else v[at] = mean - ROW(s, p) - COL(s, p + own_y * width + own_x);
            t[at] = pooled_t[y * part.width + x] * scale;
        }
    }
}

// The adjoints of what was loaded go to the tensor; several segments may have read it ...
STEP void reverse_load(const pass *s, CONSTANT plane_step *step, int dy, int dx, int is_circular) {
    CONSTANT plane_segment *from = s->segments + step->tensor;
    PLANES const real *k = FIRST(s, step->output), *t = SECOND(s, step->output);
    int stride = s->plan->stride, height = step->height, width = step->width;
    real scale = R(s->parameters[step->parameter]);
    FOR_PARTS(dy, dx, height, width, stride, is_circular, own_y, own_x, part, shift) {
        GLOBAL real *pooled_k = s->adjoints + from->pooled + pooled_offset(from, own_y, own_x);
        GLOBAL real *pooled_t = pooled_k + from->pooled_size;
        FOR_PLACES(y, x, part.height, part.width) {
            int at = shift + y * stride + x;
            pooled_k[y * part.width + x] += k[at] * scale;
            pooled_t[y * part.width + x] += t[at] * scale;
        }
    }
}

// ... or to the inputs: dk0/dx_p = x'_p'/C, and the other way round.
STEP void reverse_inputs(const pass *s, CONSTANT plane_step *step, int dy, int dx, int is_circular, int is_partner,
                         GLOBAL real *record) {
    extent rows = extent_of(step->height, step->width, dy, dx, is_circular);
    PLANES const real *k = FIRST(s, step->output);
    int stride = s->plan->stride, channels = s->plan->channels, height = step->height, width = step->width;
    real scale = R((acc)1 / channels);
    FOR_PLACES(y, x, rows.height, rows.width) {
        int p = ((rows.y + y) * width + rows.x + x) * channels;
        int q = partner(rows.y + y, rows.x + x, dy, dx, height, width, is_circular) * channels;
        real g = k[y * stride + x] * scale;
        for (int c = 0; c < channels; c++) {
            if (is_partner) record[q + c] = fma(g, ROW(s, p + c), record[q + c]);
            else record[p + c] = fma(g, COL(s, q + c), record[p + c]);
        }
    }
}

// ---- planes to planes -----------------------------------------------------------------------------------------------

// to = from, or to += from.
STEP void move_plane(const pass *s, int from, int to, extent rows, int adds) {
    PLANES real *from_v = FIRST(s, from), *from_t = SECOND(s, from), *v = FIRST(s, to), *t = SECOND(s, to);
    int stride = s->plan->stride;
    FOR_PLACES(y, x, rows.height, rows.width) {
        int i = y * stride + x;
        v[i] = adds ? v[i] + from_v[i] : from_v[i];
        t[i] = adds ? t[i] + from_t[i] : from_t[i];
    }
}

// Zeros around an image: where one of two pixels is one of them, v is the other's variance.
STEP void pad_plane(const pass *s, CONSTANT plane_step *step, int dy, int dx) {
    int stride = s->plan->stride, top = step->window.top, left = step->window.left;
    int height = step->input_height, width = step->input_width, slot = step->slot;
    extent in = extent_of(height, width, dy, dx, 0), out = extent_of(step->height, step->width, dy, dx, 0);
    PLANES const real *from_v = FIRST(s, step->input), *from_t = SECOND(s, step->input);
    PLANES real *v = FIRST(s, step->output), *t = SECOND(s, step->output);
    FOR_PLACES(y, x, out.height, out.width) {
        int py = out.y + y - top, px = out.x + x - left, qy = py + dy, qx = px + dx;
        int has_p = py >= 0 && py < height && px >= 0 && px < width;
        int has_q = qy >= 0 && qy < height && qx >= 0 && qx < width;
        int from = (py - in.y) * stride + px - in.x, to = y * stride + x;
        if (has_p && has_q) v[to] = from_v[from];
        else if (has_p) v[to] = ROW(s, slot + py * width + px);
        else if (has_q) v[to] = COL(s, slot + qy * width + qx);
        else v[to] = R(0);
        t[to] = R(0);
        if (has_p && has_q) t[to] = from_t[from];
    }
}

// k of a zero is 0, whatever the inputs.
STEP void reverse_pad(const pass *s, CONSTANT plane_step *step, int dy, int dx) {
    int stride = s->plan->stride, shift = step->window.top * stride + step->window.left;
    extent in = extent_of(step->input_height, step->input_width, dy, dx, 0);
    PLANES const real *k = FIRST(s, step->output) + shift, *t = SECOND(s, step->output) + shift;
    PLANES real *to_k = FIRST(s, step->input), *to_t = SECOND(s, step->input);
    FOR_PLACES(y, x, in.height, in.width) {
        to_k[y * stride + x] = k[y * stride + x];
        to_t[y * stride + x] = t[y * stride + x];
    }
}

// ---- sinks ----------------------------------------------------------------------------------------------------------

STEP void clear_pool(CONSTANT plane_segment *segment, GLOBAL real *pooled) {
    FOR_ALL(i, 2 * segment->pooled_size) pooled[segment->pooled + i] = R(0);
}

// Turns around the image by which windows and displacements that wrap around meet an output.
STEP int pool_turns(int size, int window, int stride, int range, int is_circular) {
    return is_circular ? (stride * range + window) / size + 1 : 0;
}

// An entry of a sum of windows from the plane of displacement (dy, dx): a and b are the offsets of its two pixels in their
// windows, `far` the displacement of the windows times their stride.
STEP int is_gathered(int far_y, int far_x, CONSTANT plane_segment *segment) {
    int out_y = far_y / segment->pool.stride_y, out_x = far_x / segment->pool.stride_x;
    return far_y % segment->pool.stride_y == 0 && far_x % segment->pool.stride_x == 0 &&
           max(out_y, -out_y) <= segment->pool_range_y && max(out_x, -out_x) <= segment->pool_range_x;
}

// All pairs of windows: `sum` is where the outputs of the pair start in the tensor, `out` where they are, `from` in the
// plane the entry of output (y, x). An entry of the tensor belongs to one work-item here and in load_plane, whatever the
// plane; one of the plane does not, so that backwards pairs are kept apart (`between`).
#define FOR_WINDOWS(s, segment, dy, dx, out, sum, from, y, x, body, between)                                           \
    int is_circular = (segment)->is_circular, stride = (s)->plan->stride;                                              \
    int size_y = (segment)->end_height, size_x = (segment)->end_width, height = (segment)->pool.height,                \
        width = (segment)->pool.width, stride_y = (segment)->pool.stride_y, stride_x = (segment)->pool.stride_x;       \
    int turns_y = pool_turns(size_y, height, stride_y, (segment)->pool_range_y, is_circular);                          \
    int turns_x = pool_turns(size_x, width, stride_x, (segment)->pool_range_x, is_circular);                           \
    extent in = extent_of(size_y, size_x, dy, dx, is_circular);                                                        \
    for (int ay = 0; ay < height; ay++)                                                                                \
        for (int by = 0; by < height; by++)                                                                            \
            for (int ax = 0; ax < width; ax++)                                                                         \
                for (int bx = 0; bx < width; bx++)                                                                     \
                    for (int turn_y = -turns_y; turn_y <= turns_y; turn_y++)                                           \
                        for (int turn_x = -turns_x; turn_x <= turns_x; turn_x++) {                                     \
                            int far_y = (dy) - (by - ay) + turn_y * size_y, far_x = (dx) - (bx - ax) + turn_x * size_x; \
                            int out_dy = far_y / stride_y, out_dx = far_x / stride_x;                                  \
                            extent out =                                                                               \
                                extent_of((segment)->pool_height, (segment)->pool_width, out_dy, out_dx, 0);           \
                            int sum = (segment)->pooled + pooled_offset(segment, out_dy, out_dx);                      \
                            int start_y = out.y * stride_y + ay, start_x = out.x * stride_x + ax;                      \
                            int rows = is_gathered(far_y, far_x, segment) ? out.height : 0;                            \
                            if (is_circular) {                                                                         \
                                start_y -= (segment)->pool.top;                                                        \
                                start_x -= (segment)->pool.left;                                                       \
                                FOR_PLACES(y, x, rows, out.width) {                                                    \
                                    int from = wrapped(start_y + y * stride_y, size_y) * stride +                      \
                                               wrapped(start_x + x * stride_x, size_x);                                \
                                    body                                                                               \
                                }                                                                                      \
                            } else {                                                                                   \
                                int shift = (start_y - in.y) * stride + start_x - in.x;                                \
                                FOR_PLACES(y, x, rows, out.width) {                                                    \
                                    int from = y * stride_y * stride + x * stride_x + shift;                           \
                                    body                                                                               \
                                }                                                                                      \
                            }                                                                                          \
                            between;                                                                                   \
                        }

STEP void add_to_pool(const pass *s, CONSTANT plane_segment *segment, int dy, int dx) {
    PLANES const real *from_v = FIRST(s, segment->end), *from_t = SECOND(s, segment->end);
    GLOBAL real *pooled = s->pooled;
    int size = segment->pooled_size;
    FOR_WINDOWS(s, segment, dy, dx, out, sum, from, y, x,
                {
                    pooled[sum + y * out.width + x] += from_v[from];
                    pooled[sum + size + y * out.width + x] += from_t[from];
                }, )
}

// This work-item's part of the sums of v and t over a plane.
STEP void add_to_sum(const pass *s, CONSTANT plane_segment *segment, extent rows, wide *sum_v, wide *sum_t) {
    PLANES const real *v = FIRST(s, segment->end), *t = SECOND(s, segment->end);
    int stride = s->plan->stride;
#if GROUP == 1
    for (int y = 0; y < rows.height; y++) {
        real line_v = R(0), line_t = R(0);
        for (int x = 0; x < rows.width; x++) {
            line_v += v[y * stride + x];
            line_t += t[y * stride + x];
        }
        *sum_v += WIDEN(line_v);
        *sum_t += WIDEN(line_t);
    }
#else
    FOR_PLACES(y, x, rows.height, rows.width) {
        *sum_v += WIDEN(v[y * stride + x]);
        *sum_t += WIDEN(t[y * stride + x]);
    }
#endif
}

// The sum of one number per work-item, in a fixed order; all get it.
STEP void sum_of_group(const pass *s, wide *sum) {
#if GROUP > 1
    s->sums[ITEM] = *sum;
    for (int half_ = GROUP / 2; half_ > 0; half_ /= 2) {
        barrier(CLK_LOCAL_MEM_FENCE);
        if (ITEM < half_) s->sums[ITEM] += s->sums[ITEM + half_];
    }
    barrier(CLK_LOCAL_MEM_FENCE);
    *sum = s->sums[0];
    barrier(CLK_LOCAL_MEM_FENCE);
#endif
}

STEP void fill_plane(const pass *s, int number, extent rows, const real *k, const real *t) {
    PLANES real *to_k = FIRST(s, number), *to_t = SECOND(s, number);
    int stride = s->plan->stride;
    FOR_PLACES(y, x, rows.height, rows.width) {
        to_k[y * stride + x] = *k;
        to_t[y * stride + x] = *t;
    }
}

// The adjoints of a sink, which have been multiplied by its scale, at one plane: of a read-out all entries have the same.
STEP void reverse_sink(const pass *s, CONSTANT plane_segment *segment, int dy, int dx) {
    int is_pool = segment->sink == SINK_POOL, size = segment->pooled_size;
    PLANES real *to_k = FIRST(s, segment->end), *to_t = SECOND(s, segment->end);
    GLOBAL const real *adjoints = s->adjoints;
    real k = R(0), t = R(0);
    if (!is_pool) {
        k = adjoints[segment->pooled];
        t = adjoints[segment->pooled + 1];
    }
    extent rows_of_plane = extent_of(segment->end_height, segment->end_width, dy, dx, segment->is_circular);
    fill_plane(s, segment->end, rows_of_plane, &k, &t);
    BARRIER;
    // Of a read-out there are no windows.
    FOR_WINDOWS(s, segment, dy, dx, out, sum, from, y, x,
                {
                    to_k[from] += adjoints[sum + y * out.width + x];
                    to_t[from] += adjoints[sum + size + y * out.width + x];
                }, BARRIER)
}

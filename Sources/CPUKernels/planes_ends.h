// Where a plane comes from and where it goes. Part of planes.h.

// ---- where a plane comes from and where it goes ---------------------------------------------------------------------

// v = |x_p − x'_p'|²/C, at the start of a net.
STEP void start_from_inputs(plane target, const ntk_segment *segment, int dy, int dx, int channels,
                            const images *images) {
    extent rows = extent_of(segment->height, segment->width, dy, dx, segment->is_circular);
    real scale = R(1.0 / channels);
    for (int y = 0; y < rows.height; y++) {
        for (int x = 0; x < rows.width; x++) {
            size_t p = ((size_t)(rows.y + y) * (size_t)segment->width + (size_t)(rows.x + x)) * (size_t)channels;
            size_t q = partner(rows.y + y, rows.x + x, dy, dx, segment->height, segment->width, segment->is_circular) *
                       (size_t)channels;
            real sum = 0;
            for (int c = 0; c < channels; c++) {
                real a, b;
                row_value(images, p + (size_t)c, &a);
                col_value(images, q + (size_t)c, &b);
                sum = fma(a - b, a - b, sum);
            }
            *AT(target.v, target, y, x) = sum * scale;
            *AT(target.t, target, y, x) = R(0);
        }
    }
}

// After a pooling: v = Σ v/|W|² less the spread inside either window.
STEP void start_from_pool(plane target, const ntk_segment *segment, double pool_scale, int dy, int dx,
                          const plane_set *set, const images *images) {
    extent rows = extent_of(segment->height, segment->width, dy, dx, 0);
    size_t offset = plane_offset(set, dy, dx);
    real scale = R(pool_scale);
    for (int y = 0; y < rows.height; y++) {
        for (int x = 0; x < rows.width; x++, offset++) {
            size_t p = (size_t)(rows.y + y) * (size_t)segment->width + (size_t)(rows.x + x);
            size_t q = p + (size_t)(dy * segment->width + dx);
            real a = R(0), b = R(0);
            if (segment->spread != NTK_NO_SLOT) {
                row_value(images, segment->spread + p, &a);
                col_value(images, segment->spread + q, &b);
            }
            // Two statements: a fused multiply-add would leave a rounding error where the difference is exactly 0.
            real mean = set->v[offset] * scale;
            *AT(target.v, target, y, x) = mean - a - b;
            *AT(target.t, target, y, x) = set->t[offset] * scale;
        }
    }
}

// The pairs (a, b) of offsets in two windows by which a displacement d reaches d' = (d − (b − a))/stride.
#define FOR_WINDOW_PAIRS(d, size, stride, range, a, b, out)                                                            \
    for (int a = 0; a < (size); a++)                                                                                   \
        for (int b = 0; b < (size); b++)                                                                               \
            for (int out = ((d) - (b - a)) / (stride), once = 1;                                                       \
                 once && ((d) - (b - a)) % (stride) == 0 && out <= (range) && -out <= (range); once = 0)

STEP void add_to_pool(plane source, const ntk_segment *segment, int dy, int dx, plane_set *set) {
    const ntk_window *w = &segment->pool;
    extent in = extent_of(segment->end_height, segment->end_width, dy, dx, 0);
    FOR_WINDOW_PAIRS(dy, w->height, w->stride_y, set->range_y, ay, by, out_dy)
    FOR_WINDOW_PAIRS(dx, w->width, w->stride_x, set->range_x, ax, bx, out_dx) {
        extent out = extent_of(set->height, set->width, out_dy, out_dx, 0);
        real *v = set->v + plane_offset(set, out_dy, out_dx), *t = set->t + plane_offset(set, out_dy, out_dx);
        for (int y = 0; y < out.height; y++) {
            int from_y = (out.y + y) * w->stride_y + ay - in.y, from_x = out.x * w->stride_x + ax - in.x;
            const real *source_v = AT(source.v, source, from_y, from_x);
            const real *source_t = AT(source.t, source, from_y, from_x);
            for (int x = 0; x < out.width; x++) v[x] += source_v[x * w->stride_x];
            for (int x = 0; x < out.width; x++) t[x] += source_t[x * w->stride_x];
            v += out.width, t += out.width;
        }
    }
}

// Sums of a read-out over all its entries.
typedef struct {
    acc v[LANES], t[LANES];
} totals;

STEP void add_to_sum(plane source, extent rows, totals *sums) {
    real sum_v = 0, sum_t = 0;
    for (int y = 0; y < rows.height; y++) {
        const real *row_v = AT(source.v, source, y, 0), *row_t = AT(source.t, source, y, 0);
        real line_v = 0, line_t = 0;
        for (int x = 0; x < rows.width; x++) line_v += row_v[x];
        for (int x = 0; x < rows.width; x++) line_t += row_t[x];
        sum_v += line_v;
        sum_t += line_t;
    }
    for (int lane = 0; lane < LANES; lane++) {
        sums->v[lane] += (acc)sum_v[lane];
        sums->t[lane] += (acc)sum_t[lane];
    }
}

// A read-out leaves one entry.
STEP void store_sum(const totals *sums, plane_set *set) {
    for (int lane = 0; lane < LANES; lane++) {
        set->v[0][lane] = (scalar)sums->v[lane];
        set->t[0][lane] = (scalar)sums->t[lane];
    }
}

STEP void clear_set(plane_set *set) {
    size_t size = plane_set_size(set->height, set->width, set->range_y, set->range_x);
    memset(set->v, 0, size * sizeof(real));
    memset(set->t, 0, size * sizeof(real));
}

// Planes for one precision: included by planes_float32.c and planes_float64.c. Layout and helpers come first, then the
// forward pass; the reverse pass and the preparation have files of their own.

#include "CPUPlanes.h"
#include "prelude.cl"

#include "Covariance/pair.cl"

#include "Covariance/abrelu.cl"
#include "Covariance/dense.cl"
#include "Covariance/smooth.cl"

#include "Covariance/erf.cl"
#include "Covariance/gelu.cl"
#include "Covariance/layer_norm.cl"
#include "Covariance/plane.cl"

#include <string.h>

#include "clones.h"

#define LANES REAL_WIDTH
#define MOST_SLOTS PLANE_SMOOTH_SLOTS

// ---- geometry -------------------------------------------------------------------------------------------------------

// The pixels p of an image for which p + D is in the image too: height × width from (y, x) on.
typedef struct {
    int y, x, height, width;
} extent;

static inline extent extent_of(int height, int width, int dy, int dx, int is_circular) {
    if (is_circular) return (extent){0, 0, height, width};
    return (extent){dy < 0 ? -dy : 0, dx < 0 ? -dx : 0, height - (dy < 0 ? -dy : dy), width - (dx < 0 ? -dx : dx)};
}

// Index of the partner p' = p + D of pixel (y, x).
static inline size_t partner(int y, int x, int dy, int dx, int height, int width, int is_circular) {
    int py = y + dy, px = x + dx;
    if (is_circular) {
        py = py >= height ? py - height : py;
        px = px >= width ? px - width : px;
    }
    return (size_t)py * (size_t)width + (size_t)px;
}

// A plane in memory: entries of `rows` with a rim around them; at(y, x) for −rim ≤ y, x.
typedef struct {
    real *v, *t;
    int stride;
} plane;

#define AT(values, plane, y, x) ((values) + (ptrdiff_t)(y) * (plane).stride + (x))

// Rows and columns of the largest plane, rim included.
static inline void largest_plane(const ntk_planes *program, int *height, int *width) {
    *height = *width = 0;
    for (size_t s = 0; s < program->count; s++) {
        const ntk_segment *segment = &program->segments[s];
        if (segment->height > *height) *height = segment->height;
        if (segment->width > *width) *width = segment->width;
        for (size_t i = 0; i < segment->count; i++) {
            if (segment->steps[i].height > *height) *height = segment->steps[i].height;
            if (segment->steps[i].width > *width) *width = segment->steps[i].width;
        }
    }
    *height += 2 * program->rim_y;
    *width += 2 * program->rim_x;
}

static inline size_t plane_size(const ntk_planes *program) {
    int height, width;
    largest_plane(program, &height, &width);
    return (size_t)height * (size_t)width;
}

// Planes of a pooled image, each as large as its extent, in the order of the displacements.
typedef struct {
    real *v, *t;
    int height, width, range_y, range_x;
} plane_set;

static inline int extents_before(int size, int range, int d) {
    int sum = 0;
    for (int i = -range; i < d; i++) sum += size - (i < 0 ? -i : i);
    return sum;
}

static inline size_t plane_set_size(int height, int width, int range_y, int range_x) {
    return (size_t)extents_before(height, range_y, range_y + 1) * (size_t)extents_before(width, range_x, range_x + 1);
}

static inline size_t plane_offset(const plane_set *set, int dy, int dx) {
    int all = extents_before(set->width, set->range_x, set->range_x + 1);
    int height = set->height - (dy < 0 ? -dy : dy);
    return (size_t)extents_before(set->height, set->range_y, dy) * (size_t)all +
           (size_t)height * (size_t)extents_before(set->width, set->range_x, dx);
}

static inline int segment_start_range(int range, int stride) { return range * stride; }

// ---- one image against a panel --------------------------------------------------------------------------------------

// A row is one image whose numbers all lanes share, the column side a panel. For images against themselves either both
// sides are the same panel, or both the same single image.
typedef enum { ROW_AGAINST_PANEL, PANEL_AGAINST_ITSELF, ROW_AGAINST_ITSELF } pairing;

typedef struct {
    const scalar *row;
    const scalar *col;
    pairing pairing;
} images;

STEP void row_value(const images *images, size_t index, real *value) {
    *value = images->pairing == PANEL_AGAINST_ITSELF ? LOAD(images->row + index * LANES) : R(images->row[index]);
}

STEP void col_value(const images *images, size_t index, real *value) {
    *value = images->pairing == ROW_AGAINST_ITSELF ? R(images->col[index]) : LOAD(images->col + index * LANES);
}

// Loads `count` slots that lie `pixels` apart.
STEP void load_slots(const images *images, size_t slot, size_t pixels, size_t count, size_t p, size_t q, real *row,
                     real *col) {
#pragma unroll
    for (size_t i = 0; i < count; i++) {
        row_value(images, slot + i * pixels + p, &row[i]);
        col_value(images, slot + i * pixels + q, &col[i]);
    }
}

// The rim of a plane before a convolution: outside of one image its pixel is 0, so that v is the other's variance.
STEP void fill_rim(plane plane, extent rows, const ntk_plane_step *step, int dy, int dx, const images *images,
                   int has_ntk) {
    const ntk_window *w = &step->window;
    if (!w->is_padded) return;
    int height = step->input_height, width = step->input_width;
    int bottom = w->height - 1 - w->top, right = w->width - 1 - w->left;
    for (int y = -w->top; y < rows.height + bottom; y++) {
        for (int x = -w->left; x < rows.width + right; x++) {
            if (y >= 0 && y < rows.height && x >= 0 && x < rows.width) {
                x = rows.width - 1;
                continue;
            }
            if (w->is_circular) {
                int iy = (y + rows.height) % rows.height, ix = (x + rows.width) % rows.width;
                *AT(plane.v, plane, y, x) = *AT(plane.v, plane, iy, ix);
                if (has_ntk) *AT(plane.t, plane, y, x) = *AT(plane.t, plane, iy, ix);
                continue;
            }
            int py = y + rows.y, px = x + rows.x, qy = py + dy, qx = px + dx;
            real v = 0;
            if (step->slot != NTK_NO_SLOT) {
                if (py >= 0 && py < height && px >= 0 && px < width)
                    row_value(images, step->slot + (size_t)py * (size_t)width + (size_t)px, &v);
                else if (qy >= 0 && qy < height && qx >= 0 && qx < width)
                    col_value(images, step->slot + (size_t)qy * (size_t)width + (size_t)qx, &v);
            }
            *AT(plane.v, plane, y, x) = v;
            if (has_ntk) *AT(plane.t, plane, y, x) = R(0);
        }
    }
}

// One row of a window sum: result[x] = scale Σ input over the window whose first pixel is (y, x · stride).
STEP void window_row(const real *input, int stride, const ntk_window *w, int y, int width, const real *scale,
                     real *columns, real *result) {
    int reach = (width - 1) * w->stride_x + w->width;
    const real *first = input + (ptrdiff_t)y * stride;
    if (w->height == 3) {
        for (int x = 0; x < reach; x++) columns[x] = first[x] + first[stride + x] + first[2 * stride + x];
    } else {
        for (int x = 0; x < reach; x++) {
            real sum = first[x];
            for (int i = 1; i < w->height; i++) sum += first[(ptrdiff_t)i * stride + x];
            columns[x] = sum;
        }
    }
    if (w->width == 3 && w->stride_x == 1) {
        for (int x = 0; x < width; x++) result[x] = *scale * (columns[x] + columns[x + 1] + columns[x + 2]);
    } else {
        for (int x = 0; x < width; x++) {
            real sum = columns[x * w->stride_x];
            for (int i = 1; i < w->width; i++) sum += columns[x * w->stride_x + i];
            result[x] = *scale * sum;
        }
    }
}

// ---- pointwise steps on a row of a plane ----------------------------------------------------------------------------

// Runs `statement` for every entry of a row: s the entry, row and col the slots. Adds k to t where a convolution with
// weights has just been done.
#define FOR_ENTRIES(slot_count, statement)                                                                             \
    for (int x = 0; x < width; x++) {                                                                                  \
        real row[MOST_SLOTS], col[MOST_SLOTS];                                                                         \
        load_slots(images, step->slot, pixels, slot_count, p + (size_t)x, q + (size_t)x, row, col);                    \
        entry s = {v[x], t[x]};                                                                                        \
        if (adds_covariance) {                                                                                         \
            real k;                                                                                                    \
            entry_covariance(&s, row, col, &k);                                                                        \
            s.t += k;                                                                                                  \
        }                                                                                                              \
        if (tape_v) tape_v[x] = s.v, tape_t[x] = s.t;                                                                  \
        statement;                                                                                                     \
        v[x] = s.v;                                                                                                    \
        t[x] = s.t;                                                                                                    \
    }                                                                                                                  \
    break

STEP void pointwise_entries(const ntk_plane_step *step, const images *images, size_t p, size_t q, int width,
                            int adds_covariance, real *v, real *t, real *tape_v, real *tape_t) {
    size_t pixels = (size_t)step->height * (size_t)step->width;
    // A copy that no store can alias, so that nothing is loaded again in the loop.
    const acc parameters[NTK_STEP_PARAMETERS] = {step->parameters[0], step->parameters[1], step->parameters[2],
                                                 step->parameters[3]};
    switch (step->opcode) {
    case NTK_ABRELU: FOR_ENTRIES(2, abrelu_entry(&s, row, col, parameters));
    case NTK_ERF: FOR_ENTRIES(6, erf_entry(&s, row, col, parameters));
    case NTK_GELU: FOR_ENTRIES(6, gelu_entry(&s, row, col, parameters));
    case NTK_LAYER_NORM: FOR_ENTRIES(3, layer_norm_entry(&s, row, col, parameters));
    default: break;
    }
}

STEP void pointwise_row(const ntk_plane_step *step, const images *images_, size_t p, size_t q, int width,
                        int adds_covariance, real *v, real *t, real *tape_v, real *tape_t) {
    // The common case apart, with what it decides as constants.
    images sides = *images_;
    if (sides.pairing == ROW_AGAINST_PANEL && adds_covariance && !tape_v) {
        sides.pairing = ROW_AGAINST_PANEL;
        pointwise_entries(step, &sides, p, q, width, 1, v, t, 0, 0);
    } else if (sides.pairing == ROW_AGAINST_PANEL && adds_covariance) {
        sides.pairing = ROW_AGAINST_PANEL;
        pointwise_entries(step, &sides, p, q, width, 1, v, t, tape_v, tape_t);
    } else {
        pointwise_entries(step, &sides, p, q, width, adds_covariance, v, t, tape_v, tape_t);
    }
}

static inline int is_pointwise(ntk_opcode opcode) {
    return opcode == NTK_ABRELU || opcode == NTK_ERF || opcode == NTK_GELU || opcode == NTK_LAYER_NORM;
}

// After a convolution that no activation follows: t += k with k = (q₁ + q₂ − v)/2.
STEP void add_covariance_row(const ntk_plane_step *step, const images *images, size_t p, size_t q, int width,
                             const real *v, real *t) {
    for (int x = 0; x < width; x++) {
        real q1, q2;
        row_value(images, step->after + p + (size_t)x, &q1);
        col_value(images, step->after + q + (size_t)x, &q2);
        t[x] += R(0.5) * (q1 + q2 - v[x]);
    }
}

// ---- a plane through a segment --------------------------------------------------------------------------------------

// Where a pass keeps what the reverse pass needs: two planes of entries for every pointwise step, in order.
typedef struct {
    real *values;
    size_t plane;
} tape;

// Where a step finds its plane: which state of the stack, at which displacement and size; without has_ntk t is 0.
typedef struct {
    int top, dy, dx, height, width, has_ntk;
} place;

typedef struct {
    const ntk_planes *program;
    // depth + 1 planes; the last is spare.
    plane planes[NTK_DEPTH + 1];
    real *columns;
    place *places;
    plane_set pooled[NTK_DEPTH];
} workspace;

// Fills places[i] for every step i, and places[count] for the end.
static inline void find_places(const ntk_segment *segment, int end_dy, int end_dx, place *places) {
    place stack[NTK_DEPTH];
    place at = {0,
                end_dy * segment->stride_y,
                end_dx * segment->stride_x,
                segment->height,
                segment->width,
                segment->has_ntk};
    for (size_t i = 0; i < segment->count; i++) {
        const ntk_plane_step *step = &segment->steps[i];
        places[i] = at;
        switch (step->opcode) {
        case NTK_CONV:
            if (!segment->is_circular) {
                at.dy /= step->window.stride_y;
                at.dx /= step->window.stride_x;
            }
            at.height = step->height;
            at.width = step->width;
            at.has_ntk = 1;
            break;
        case NTK_FORK:
            stack[at.top] = at;
            at.top++;
            break;
        case NTK_EXCHANGE: {
            place main = at;
            at = stack[at.top - 1];
            at.top = main.top;
            stack[at.top - 1] = main;
            break;
        }
        case NTK_JOIN:
            at.top--;
            at.has_ntk |= stack[at.top].has_ntk;
            break;
        default: break;
        }
    }
    places[segment->count] = at;
}

static inline extent extent_at(const ntk_segment *segment, const place *at) {
    return extent_of(at->height, at->width, at->dy, at->dx, segment->is_circular);
}

static inline void swap_planes(plane *a, plane *b) {
    plane c = *a;
    *a = *b;
    *b = c;
}

// Splits a row of a plane where the partner's row wraps around.
#define FOR_PIECES(segment, rows, y, at, begin, q, piece)                                                              \
    for (int begin = 0, piece; begin < (rows).width; begin += piece)                                                   \
        for (size_t q = partner((rows).y + (y), (rows).x + begin, (at)->dy, (at)->dx, (at)->height, (at)->width,       \
                                (segment)->is_circular),                                                               \
                    once = (piece = piece_width(segment, rows, at, begin, q), 1);                                      \
             once; once = 0)

static inline int piece_width(const ntk_segment *segment, extent rows, const place *at, int begin, size_t q) {
    int rest = rows.width - begin;
    int room = segment->is_circular ? at->width - (int)(q % (size_t)at->width) : rest;
    return rest < room ? rest : room;
}

// The pointwise steps `from` ..< `to` on one row, which is changed in place.
STEP void pointwise_run(const ntk_segment *segment, size_t from, size_t to, const place *at, const images *images,
                        int y, int adds_covariance, real *v, real *t, const tape *tape, size_t taped) {
    extent rows = extent_at(segment, at);
    for (size_t i = from; i < to; i++) {
        const ntk_plane_step *step = &segment->steps[i];
        size_t p = (size_t)(rows.y + y) * (size_t)step->width + (size_t)rows.x;
        real *tape_v = 0, *tape_t = 0;
        if (tape) {
            tape_v = tape->values + (2 * (taped + i - from)) * tape->plane + (size_t)y * (size_t)rows.width;
            tape_t = tape_v + tape->plane;
        }
        FOR_PIECES(segment, rows, y, at, begin, q, piece)
        pointwise_row(step, images, p + (size_t)begin, q, piece, adds_covariance && i == from, v + begin, t + begin,
                      tape ? tape_v + begin : 0, tape ? tape_t + begin : 0);
    }
}

static inline size_t run_end(const ntk_segment *segment, size_t from) {
    while (from < segment->count && is_pointwise(segment->steps[from].opcode)) from++;
    return from;
}

// A convolution and the pointwise steps `after` ..< `next` behind it, row by row.
STEP void convolve(workspace *work, const ntk_segment *segment, size_t i, size_t next, const images *images,
                   const tape *tape, size_t taped) {
    const ntk_plane_step *step = &segment->steps[i];
    const ntk_window *w = &step->window;
    const place *in = &work->places[i], *out = &work->places[i + 1];
    plane *current = &work->planes[in->top], *target = &work->planes[work->program->depth];
    extent rows = extent_at(segment, out);
    real scale = R(step->parameters[0]);
    fill_rim(*current, extent_at(segment, in), step, in->dy, in->dx, images, in->has_ntk);
    for (int y = 0; y < rows.height; y++) {
        real *v = AT(target->v, *target, y, 0), *t = AT(target->t, *target, y, 0);
        int from = y * w->stride_y - w->top;
        window_row(current->v - w->left, current->stride, w, from, rows.width, &scale, work->columns, v);
        if (in->has_ntk)
            window_row(current->t - w->left, current->stride, w, from, rows.width, &scale, work->columns, t);
        else
            for (int x = 0; x < rows.width; x++) t[x] = R(0);
        if (next == i + 1) {
            size_t p = (size_t)(rows.y + y) * (size_t)step->width + (size_t)rows.x;
            FOR_PIECES(segment, rows, y, out, begin, q, piece)
            add_covariance_row(step, images, p + (size_t)begin, q, piece, v + begin, t + begin);
        }
        pointwise_run(segment, i + 1, next, out, images, y, 1, v, t, tape, taped);
    }
    swap_planes(current, target);
}

STEP void copy_plane(plane source, plane target, extent rows) {
    for (int y = 0; y < rows.height; y++) {
        memcpy(AT(target.v, target, y, 0), AT(source.v, source, y, 0), (size_t)rows.width * sizeof(real));
        memcpy(AT(target.t, target, y, 0), AT(source.t, source, y, 0), (size_t)rows.width * sizeof(real));
    }
}

STEP void add_row(real *sum, const real *more, int width) {
    for (int x = 0; x < width; x++) sum[x] += more[x];
}

// Runs the steps of a segment on the plane that ends at displacement (end_dy, end_dx). The start stands in
// planes[0]; the end is left there.
STEP void forward_plane(workspace *work, const ntk_segment *segment, int end_dy, int end_dx, const images *images,
                        const tape *tape) {
    size_t taped = 0;
    find_places(segment, end_dy, end_dx, work->places);
    for (size_t i = 0, next; i < segment->count; i = next) {
        const place *at = &work->places[i];
        extent rows = extent_at(segment, at);
        plane *current = &work->planes[at->top];
        next = i + 1;
        switch (segment->steps[i].opcode) {
        case NTK_CONV:
            next = run_end(segment, i + 1);
            convolve(work, segment, i, next, images, tape, taped);
            taped += next - i - 1;
            break;
        case NTK_FORK: copy_plane(*current, work->planes[at->top + 1], rows); break;
        case NTK_EXCHANGE: swap_planes(current, &work->planes[at->top - 1]); break;
        case NTK_JOIN: {
            plane *sum = &work->planes[at->top - 1];
            for (int y = 0; y < rows.height; y++) {
                add_row(AT(sum->v, *sum, y, 0), AT(current->v, *current, y, 0), rows.width);
                add_row(AT(sum->t, *sum, y, 0), AT(current->t, *current, y, 0), rows.width);
            }
            break;
        }
        default:
            next = run_end(segment, i);
            for (int y = 0; y < rows.height; y++)
                pointwise_run(segment, i, next, at, images, y, 0, AT(current->v, *current, y, 0),
                              AT(current->t, *current, y, 0), tape, taped);
            taped += next - i;
            break;
        }
    }
}

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
            real a, b;
            row_value(images, segment->spread + p, &a);
            col_value(images, segment->spread + q, &b);
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

STEP void add_to_sum(plane source, extent rows, acc *v, acc *t) {
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
        v[lane] += (acc)sum_v[lane];
        t[lane] += (acc)sum_t[lane];
    }
}

// ---- scratch --------------------------------------------------------------------------------------------------------

static inline int pooled_range(const ntk_planes *program, size_t segment, int axis) {
    const ntk_segment *next = &program->segments[segment + 1];
    return axis == 0 ? next->range_y * next->stride_y : next->range_x * next->stride_x;
}

// A row of column sums reaches over the rim on both sides.
static inline int most_columns(const ntk_planes *program) {
    int height, width;
    largest_plane(program, &height, &width);
    return width + 2 * program->rim_x;
}

static inline size_t pooled_size(const ntk_planes *program, size_t s) {
    const ntk_segment *segment = &program->segments[s];
    return plane_set_size(segment->pool_height, segment->pool_width, pooled_range(program, s, 0),
                          pooled_range(program, s, 1));
}

static inline size_t most_steps(const ntk_planes *program) {
    size_t most = 0;
    for (size_t s = 0; s < program->count; s++)
        if (program->segments[s].count > most) most = program->segments[s].count;
    return most;
}

// Vectors of the workspace.
static inline size_t workspace_size(const ntk_planes *program) {
    size_t total = 2 * (size_t)(program->depth + 1) * plane_size(program) + (size_t)most_columns(program);
    total += ((most_steps(program) + 1) * sizeof(place) + sizeof(real) - 1) / sizeof(real);
    for (size_t s = 0; s + 1 < program->count; s++) total += 2 * pooled_size(program, s);
    return total;
}

size_t NAME(ntk_planes_scratch)(const ntk_planes *program) {
    return workspace_size(program) * sizeof(real) + plane_size(program) * LANES * sizeof(acc);
}

int NAME(ntk_planes_lanes)(void) { return LANES; }

// Lays the workspace out in `memory`; returns what is behind it.
static inline real *lay_out(const ntk_planes *program, real *memory, workspace *work) {
    work->program = program;
    size_t size = plane_size(program);
    int height, stride;
    largest_plane(program, &height, &stride);
    size_t origin = (size_t)program->rim_y * (size_t)stride + (size_t)program->rim_x;
    for (int i = 0; i <= program->depth; i++) {
        work->planes[i].v = memory + origin;
        work->planes[i].t = memory + size + origin;
        work->planes[i].stride = stride;
        memory += 2 * size;
    }
    work->columns = memory;
    memory += most_columns(program);
    work->places = (place *)memory;
    memory += ((most_steps(program) + 1) * sizeof(place) + sizeof(real) - 1) / sizeof(real);
    for (size_t s = 0; s + 1 < program->count; s++) {
        const ntk_segment *segment = &program->segments[s];
        size_t pooled = pooled_size(program, s);
        work->pooled[s] = (plane_set){memory,
                                      memory + pooled,
                                      segment->pool_height,
                                      segment->pool_width,
                                      pooled_range(program, s, 0),
                                      pooled_range(program, s, 1)};
        memory += 2 * pooled;
    }
    return memory;
}

// First and last displacement of a segment's planes.
static inline void displacements(const ntk_segment *segment, int *first_y, int *last_y, int *first_x, int *last_x) {
    *first_y = segment->is_circular ? 0 : -segment->range_y;
    *last_y = segment->range_y;
    *first_x = segment->is_circular ? 0 : -segment->range_x;
    *last_x = segment->range_x;
}

// All planes of one segment, from its start to its sink.
STEP void forward_segment(workspace *work, size_t s, const images *images, acc *sum_v, acc *sum_t) {
    const ntk_planes *program = work->program;
    const ntk_segment *segment = &program->segments[s];
    plane_set *pooled = &work->pooled[s];
    if (segment->sink == NTK_POOL) {
        size_t size = plane_set_size(pooled->height, pooled->width, pooled->range_y, pooled->range_x);
        memset(pooled->v, 0, size * sizeof(real));
        memset(pooled->t, 0, size * sizeof(real));
    }
    int first_y, last_y, first_x, last_x;
    displacements(segment, &first_y, &last_y, &first_x, &last_x);
    for (int dy = first_y; dy <= last_y; dy++) {
        for (int dx = first_x; dx <= last_x; dx++) {
            int start_dy = dy * segment->stride_y, start_dx = dx * segment->stride_x;
            if (s == 0)
                start_from_inputs(work->planes[0], segment, start_dy, start_dx, program->channels, images);
            else
                start_from_pool(work->planes[0], segment, program->segments[s - 1].pool_scale, start_dy, start_dx,
                                &work->pooled[s - 1], images);
            forward_plane(work, segment, dy, dx, images, 0);
            if (segment->sink == NTK_POOL)
                add_to_pool(work->planes[0], segment, dy, dx, pooled);
            else
                add_to_sum(work->planes[0], extent_at(segment, &work->places[segment->count]), sum_v, sum_t);
        }
    }
}

CLONES void NAME(ntk_planes_forward)(const ntk_planes *program, const scalar *row, const scalar *panel, scalar *nngp,
                                     scalar *ntk, void *scratch) {
    workspace work;
    lay_out(program, scratch, &work);
    images images = {row, panel, ROW_AGAINST_PANEL};
    acc sum_v[LANES] = {0}, sum_t[LANES] = {0};
    for (size_t s = 0; s < program->count; s++) forward_segment(&work, s, &images, sum_v, sum_t);
    const ntk_segment *last = &program->segments[program->count - 1];
    acc entries = (acc)last->end_height * last->end_width;
    if (last->sink == NTK_GLOBAL_POOL) entries *= (acc)last->end_height * last->end_width;
    // The last number of an image is the mean variance at the read-out.
    size_t mean = program->size - 1;
    for (int lane = 0; lane < LANES; lane++) {
        acc q = (acc)row[mean] + (acc)panel[mean * LANES + (size_t)lane];
        nngp[lane] = (scalar)((q - sum_v[lane] / entries) / 2);
        ntk[lane] = (scalar)(sum_t[lane] / entries);
    }
}

void NAME(ntk_planes_row)(const ntk_planes *program, const scalar *panel, int lane, scalar *row) {
    for (size_t i = 0; i < program->size; i++) row[i] = panel[i * LANES + (size_t)lane];
}

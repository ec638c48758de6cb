// Planes for one precision: included by planes_float32.c and planes_float64.c. The forward pass stands here; the layout,
// the steps on a row, the preparation and the reverse pass have files of their own.

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

#include "planes_layout.h"

#include "planes_steps.h"

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
    // What the sink of each segment has gathered.
    plane_set *pooled;
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
            at.dy /= step->window.stride_y;
            at.dx /= step->window.stride_x;
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

#include "planes_ends.h"

// ---- scratch --------------------------------------------------------------------------------------------------------

// Displacements that a sink has to gather: those that the next segment starts from.
static inline int pooled_range(const ntk_planes *program, size_t segment, int axis) {
    if (segment + 1 == program->count) return 0;
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

static inline size_t vectors(size_t bytes) { return (bytes + sizeof(real) - 1) / sizeof(real); }

// Vectors of the sinks of all segments.
static inline size_t sinks_size(const ntk_planes *program) {
    size_t total = vectors(program->count * sizeof(plane_set));
    for (size_t s = 0; s < program->count; s++) total += 2 * pooled_size(program, s);
    return total;
}

// Vectors of the workspace.
static inline size_t workspace_size(const ntk_planes *program) {
    return 2 * (size_t)(program->depth + 1) * plane_size(program) + (size_t)most_columns(program) +
           vectors((most_steps(program) + 1) * sizeof(place)) + sinks_size(program);
}

size_t NAME(ntk_planes_scratch)(const ntk_planes *program) {
    return workspace_size(program) * sizeof(real) + plane_size(program) * LANES * sizeof(acc);
}

int NAME(ntk_planes_lanes)(void) { return LANES; }

// Lays the sinks out in `memory`; returns what is behind them.
static inline real *lay_out_sinks(const ntk_planes *program, real *memory, plane_set **sets) {
    *sets = (plane_set *)memory;
    memory += vectors(program->count * sizeof(plane_set));
    for (size_t s = 0; s < program->count; s++) {
        const ntk_segment *segment = &program->segments[s];
        size_t pooled = pooled_size(program, s);
        (*sets)[s] = (plane_set){memory,
                                 memory + pooled,
                                 segment->pool_height,
                                 segment->pool_width,
                                 pooled_range(program, s, 0),
                                 pooled_range(program, s, 1)};
        memory += 2 * pooled;
    }
    return memory;
}

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
    memory += vectors((most_steps(program) + 1) * sizeof(place));
    return lay_out_sinks(program, memory, &work->pooled);
}

// First and last displacement of a segment's planes, for two images or for one against itself.
static inline void displacements(const ntk_segment *segment, int is_self, int *first_y, int *last_y, int *first_x,
                                 int *last_x) {
    *last_y = is_self ? segment->self_y : segment->range_y;
    *last_x = is_self ? segment->self_x : segment->range_x;
    *first_y = segment->is_circular ? 0 : -*last_y;
    *first_x = segment->is_circular ? 0 : -*last_x;
}

STEP void start_plane(workspace *work, size_t s, int dy, int dx, const images *images) {
    const ntk_planes *program = work->program;
    const ntk_segment *segment = &program->segments[s];
    if (s == 0)
        start_from_inputs(work->planes[0], segment, dy, dx, program->channels, images);
    else
        start_from_pool(work->planes[0], segment, program->segments[s - 1].pool_scale, dy, dx, &work->pooled[s - 1],
                        images);
}

// All planes of one segment, from its start to its sink; what a read-out sums up is left in `sums` too.
STEP void forward_segment(workspace *work, size_t s, const images *images, totals *sums) {
    const ntk_segment *segment = &work->program->segments[s];
    plane_set *pooled = &work->pooled[s];
    clear_set(pooled);
    *sums = (totals){0};
    int first_y, last_y, first_x, last_x;
    displacements(segment, images->pairing != ROW_AGAINST_PANEL, &first_y, &last_y, &first_x, &last_x);
    for (int dy = first_y; dy <= last_y; dy++) {
        for (int dx = first_x; dx <= last_x; dx++) {
            start_plane(work, s, dy * segment->stride_y, dx * segment->stride_x, images);
            forward_plane(work, segment, dy, dx, images, 0);
            if (segment->sink == NTK_POOL)
                add_to_pool(work->planes[0], segment, dy, dx, pooled);
            else
                add_to_sum(work->planes[0], extent_at(segment, &work->places[segment->count]), sums);
        }
    }
    if (segment->sink != NTK_POOL) store_sum(sums, pooled);
}

CLONES void NAME(ntk_planes_forward)(const ntk_planes *program, const scalar *row, const scalar *panel, scalar *nngp,
                                     scalar *ntk, void *scratch) {
    workspace work;
    lay_out(program, scratch, &work);
    images images = {row, panel, ROW_AGAINST_PANEL};
    totals sums;
    for (size_t s = 0; s < program->count; s++) forward_segment(&work, s, &images, &sums);
    acc scale = program->segments[program->count - 1].pool_scale;
    // The last number of an image is the mean variance at the read-out.
    size_t mean = program->size - 1;
    for (int lane = 0; lane < LANES; lane++) {
        acc q = (acc)row[mean] + (acc)panel[mean * LANES + (size_t)lane];
        nngp[lane] = (scalar)((q - sums.v[lane] * scale) / 2);
        ntk[lane] = (scalar)(sums.t[lane] * scale);
    }
}

void NAME(ntk_planes_row)(const ntk_planes *program, const scalar *panel, int lane, scalar *row) {
    for (size_t i = 0; i < program->size; i++) row[i] = panel[i * LANES + (size_t)lane];
}

// The reverse pass over planes: gradients in the row image, from a pair to what all pairs of an image share.
//
// A record of a pair is everything that the gradient needs of it, in which it is linear:
//   [pixel, channel]       Σ_p' ∂L/∂k₀[p, p'] x'_p' / C
//   [pixel] for each pointwise step, in order: ∂L/∂q of the row image, through this pair alone.
// Records are contracted with coefficients over all pairs first; what is left is the recursion of the variances of one
// image, run backwards once per cotangent.

static inline size_t input_count(const ntk_planes *program) {
    return (size_t)program->segments[0].height * (size_t)program->segments[0].width * (size_t)program->channels;
}

// Numbers of a segment's pointwise steps in a record.
static inline size_t segment_record(const ntk_segment *segment) {
    size_t size = 0;
    for (size_t i = 0; i < segment->count; i++) {
        const ntk_plane_step *step = &segment->steps[i];
        if (is_pointwise(step->opcode)) size += (size_t)step->height * (size_t)step->width;
    }
    return size;
}

// Where the record of a segment's pointwise steps begins; of the segment behind the last: where the record ends.
static inline size_t record_offset(const ntk_planes *program, size_t segment) {
    size_t offset = input_count(program);
    for (size_t s = 0; s < segment; s++) offset += segment_record(&program->segments[s]);
    return offset;
}

size_t NAME(ntk_planes_record_size)(const ntk_planes *program) { return record_offset(program, program->count); }

static inline size_t pointwise_count(const ntk_segment *segment) {
    size_t count = 0;
    for (size_t i = 0; i < segment->count; i++) count += (size_t)is_pointwise(segment->steps[i].opcode);
    return count;
}

static inline size_t most_taped(const ntk_planes *program) {
    size_t most = 0;
    for (size_t s = 0; s < program->count; s++) {
        size_t taped = pointwise_count(&program->segments[s]);
        if (taped > most) most = taped;
    }
    return most;
}

// What a reverse pass has beside the workspace of a forward pass. In planes of adjoints v holds ∂L/∂k.
typedef struct {
    tape tape;
    plane planes[NTK_DEPTH + 1];
    plane_set *pooled;
} reverse_workspace;

static inline size_t reverse_size(const ntk_planes *program) {
    return 2 * (most_taped(program) + (size_t)(program->depth + 1)) * plane_size(program) + sinks_size(program);
}

size_t NAME(ntk_planes_gradient_scratch)(const ntk_planes *program) {
    // Behind it: pixels of the recursion of variances, for each state.
    return (workspace_size(program) + reverse_size(program) + (size_t)(program->depth + 2) * plane_size(program)) *
           sizeof(real);
}

static inline real *lay_out_reverse(const ntk_planes *program, real *memory, workspace *work,
                                    reverse_workspace *reverse) {
    memory = lay_out(program, memory, work);
    size_t size = plane_size(program);
    size_t origin = (size_t)program->rim_y * (size_t)work->planes[0].stride + (size_t)program->rim_x;
    for (int i = 0; i <= program->depth; i++) {
        reverse->planes[i] = (plane){memory + origin, memory + size + origin, work->planes[0].stride};
        memory += 2 * size;
    }
    reverse->tape = (tape){memory, size};
    memory += 2 * most_taped(program) * size;
    return lay_out_sinks(program, memory, &reverse->pooled);
}

// ---- steps backwards ------------------------------------------------------------------------------------------------

// own_2, where it is wanted, receives the second image's share: the same with the sides exchanged.
#define FOR_ADJOINTS(slot_count, function)                                                                             \
    for (int x = 0; x < width; x++) {                                                                                  \
        real row[MOST_SLOTS], col[MOST_SLOTS], own;                                                                    \
        load_slots(images, step->slot, pixels, slot_count, p + (size_t)x, q + (size_t)x, row, col);                    \
        entry s = {tape_v[x], tape_t[x]};                                                                              \
        if (own_2) {                                                                                                   \
            adjoint other = {k[x], t[x]};                                                                              \
            function(&s, &other, &own, col, row, parameters);                                                          \
            own_2[x] += own;                                                                                           \
        }                                                                                                              \
        adjoint g = {k[x], t[x]};                                                                                      \
        function(&s, &g, &own, row, col, parameters);                                                                  \
        own_1[x] += own;                                                                                               \
        k[x] = g.k;                                                                                                    \
        t[x] = g.t;                                                                                                    \
    }                                                                                                                  \
    break

STEP void reverse_entries(const ntk_plane_step *step, const images *images, size_t p, size_t q, int width,
                          const real *tape_v, const real *tape_t, real *k, real *t, real *own_1, real *own_2) {
    size_t pixels = (size_t)step->height * (size_t)step->width;
    const acc parameters[NTK_STEP_PARAMETERS] = {step->parameters[0], step->parameters[1], step->parameters[2],
                                                 step->parameters[3]};
    switch (step->opcode) {
    case NTK_ABRELU: FOR_ADJOINTS(2, abrelu_entry_reverse);
    case NTK_ERF: FOR_ADJOINTS(6, erf_entry_reverse);
    case NTK_GELU: FOR_ADJOINTS(6, gelu_entry_reverse);
    case NTK_LAYER_NORM: FOR_ADJOINTS(3, layer_norm_entry_reverse);
    default: break;
    }
}

STEP void reverse_row(const ntk_plane_step *step, const images *images_, size_t p, size_t q, int width,
                      const real *tape_v, const real *tape_t, real *k, real *t, real *own_1, real *own_2) {
    images sides = *images_;
    if (sides.pairing == ROW_AGAINST_PANEL && !own_2) {
        sides.pairing = ROW_AGAINST_PANEL;
        reverse_entries(step, &sides, p, q, width, tape_v, tape_t, k, t, own_1, 0);
    } else {
        reverse_entries(step, &sides, p, q, width, tape_v, tape_t, k, t, own_1, own_2);
    }
}

// One pointwise step on a whole plane of adjoints. `record` is the step's part of the record.
STEP void reverse_pointwise(const ntk_segment *segment, size_t i, const place *at, const images *images,
                            const tape *tape, size_t taped, plane plane, real *record, int has_both) {
    const ntk_plane_step *step = &segment->steps[i];
    extent rows = extent_at(segment, at);
    for (int y = 0; y < rows.height; y++) {
        const real *tape_v = tape->values + 2 * taped * tape->plane + (size_t)y * (size_t)rows.width;
        const real *tape_t = tape_v + tape->plane;
        size_t p = (size_t)(rows.y + y) * (size_t)step->width + (size_t)rows.x;
        real *k = AT(plane.v, plane, y, 0), *t = AT(plane.t, plane, y, 0);
        FOR_PIECES(segment, rows, y, at, begin, q, piece)
        reverse_row(step, images, p + (size_t)begin, q, piece, tape_v + begin, tape_t + begin, k + begin, t + begin,
                    record + p + begin, has_both ? record + q : 0);
    }
}

// The rim of a plane of adjoints: nothing, or the other side.
STEP void fill_adjoint_rim(real *values, plane plane, extent rows, int rim_y, int rim_x, int is_circular) {
    for (int y = -rim_y; y < rows.height + rim_y; y++) {
        for (int x = -rim_x; x < rows.width + rim_x; x++) {
            if (y >= 0 && y < rows.height && x >= 0 && x < rows.width) {
                x = rows.width - 1;
                continue;
            }
            int iy = (y + rows.height) % rows.height, ix = (x + rows.width) % rows.width;
            *AT(values, plane, y, x) = is_circular ? *AT(values, plane, iy, ix) : R(0);
        }
    }
}

// The transposed window sum of one of k and t: input[i] = scale Σ output[o] over the windows o that see i.
STEP void transpose_window(const ntk_window *w, const real *output, const real *from_rim, extent out, real *input,
                           extent in, int stride, const real *scale, real *columns) {
    if (w->stride_y == 1 && w->stride_x == 1) {
        // The same sum again, over the window turned around: pixel i is seen from i + top − (size − 1) on.
        int first_y = w->top - (w->height - 1), first_x = w->left - (w->width - 1);
        for (int y = 0; y < in.height; y++)
            window_row(from_rim + first_x, stride, w, y + first_y, in.width, scale, columns,
                       input + (ptrdiff_t)y * stride);
        return;
    }
    for (int y = 0; y < in.height; y++)
        for (int x = 0; x < in.width; x++) input[(ptrdiff_t)y * stride + x] = R(0);
    for (int y = 0; y < out.height; y++) {
        for (int i = 0; i < w->height; i++) {
            int iy = y * w->stride_y + i - w->top;
            if (w->is_circular) iy = (iy + in.height) % in.height;
            if (iy < 0 || iy >= in.height) continue;
            for (int x = 0; x < out.width; x++) {
                real share = *scale * output[(ptrdiff_t)y * stride + x];
                for (int j = 0; j < w->width; j++) {
                    int ix = x * w->stride_x + j - w->left;
                    if (w->is_circular) ix = (ix + in.width) % in.width;
                    if (ix >= 0 && ix < in.width) input[(ptrdiff_t)iy * stride + ix] += share;
                }
            }
        }
    }
}

// A convolution backwards: k collects t, then both go through the transposed window.
STEP void reverse_convolve(workspace *work, reverse_workspace *reverse, const ntk_segment *segment, size_t i) {
    const ntk_plane_step *step = &segment->steps[i];
    const ntk_window *w = &step->window;
    const place *in = &work->places[i], *out = &work->places[i + 1];
    extent rows_in = extent_at(segment, in), rows_out = extent_at(segment, out);
    plane *current = &reverse->planes[in->top], *target = &reverse->planes[work->program->depth];
    real scale = R(step->parameters[0]);
    for (int y = 0; y < rows_out.height; y++)
        add_row(AT(current->v, *current, y, 0), AT(current->t, *current, y, 0), rows_out.width);
    int front_y = w->height - 1 - w->top, back_y = rows_in.height - rows_out.height + w->top;
    int front_x = w->width - 1 - w->left, back_x = rows_in.width - rows_out.width + w->left;
    int rim_y = front_y > back_y ? front_y : back_y, rim_x = front_x > back_x ? front_x : back_x;
    if (w->stride_y > 1 || w->stride_x > 1) rim_y = rim_x = 0;
    fill_adjoint_rim(current->v, *current, rows_out, rim_y, rim_x, w->is_circular);
    transpose_window(w, current->v, current->v, rows_out, target->v, rows_in, current->stride, &scale, work->columns);
    if (in->has_ntk) {
        fill_adjoint_rim(current->t, *current, rows_out, rim_y, rim_x, w->is_circular);
        transpose_window(w, current->t, current->t, rows_out, target->t, rows_in, current->stride, &scale,
                         work->columns);
    } else {
        for (int y = 0; y < rows_in.height; y++)
            for (int x = 0; x < rows_in.width; x++) *AT(target->t, *target, y, x) = R(0);
    }
    swap_planes(current, target);
}

// A plane of adjoints from the end of a segment to its start; both in reverse->planes[0].
STEP void reverse_plane(workspace *work, reverse_workspace *reverse, const ntk_segment *segment, const images *images,
                        real *record, int has_both) {
    size_t taped = pointwise_count(segment);
    size_t part = segment_record(segment);
    for (size_t i = segment->count; i-- > 0;) {
        const ntk_plane_step *step = &segment->steps[i];
        const place *at = &work->places[i];
        plane *current = &reverse->planes[at->top];
        extent rows = extent_at(segment, at);
        switch (step->opcode) {
        case NTK_CONV: reverse_convolve(work, reverse, segment, i); break;
        case NTK_JOIN: copy_plane(reverse->planes[at->top - 1], *current, rows); break;
        case NTK_EXCHANGE: swap_planes(current, &reverse->planes[at->top - 1]); break;
        case NTK_FORK: {
            const plane *branch = &reverse->planes[at->top + 1];
            for (int y = 0; y < rows.height; y++) {
                add_row(AT(current->v, *current, y, 0), AT(branch->v, *branch, y, 0), rows.width);
                add_row(AT(current->t, *current, y, 0), AT(branch->t, *branch, y, 0), rows.width);
            }
            break;
        }
        default:
            part -= (size_t)step->height * (size_t)step->width;
            taped--;
            reverse_pointwise(segment, i, at, images, &reverse->tape, taped, *current, record + part, has_both);
            break;
        }
    }
}

// ---- sinks and sources backwards ------------------------------------------------------------------------------------

STEP void reverse_sum(plane target, extent rows, const real *k, const real *t) {
    for (int y = 0; y < rows.height; y++)
        for (int x = 0; x < rows.width; x++) {
            *AT(target.v, target, y, x) = *k;
            *AT(target.t, target, y, x) = *t;
        }
}

// The transpose of add_to_pool; the set's adjoints have been multiplied by the pool's scale.
STEP void reverse_pool(plane target, const ntk_segment *segment, int dy, int dx, const plane_set *set) {
    const ntk_window *w = &segment->pool;
    extent in = extent_of(segment->end_height, segment->end_width, dy, dx, 0);
    real zero = R(0);
    reverse_sum(target, in, &zero, &zero);
    FOR_WINDOW_PAIRS(dy, w->height, w->stride_y, set->range_y, ay, by, out_dy)
    FOR_WINDOW_PAIRS(dx, w->width, w->stride_x, set->range_x, ax, bx, out_dx) {
        extent out = extent_of(set->height, set->width, out_dy, out_dx, 0);
        const real *k = set->v + plane_offset(set, out_dy, out_dx), *t = set->t + plane_offset(set, out_dy, out_dx);
        for (int y = 0; y < out.height; y++) {
            int to_y = (out.y + y) * w->stride_y + ay - in.y, to_x = out.x * w->stride_x + ax - in.x;
            real *target_k = AT(target.v, target, to_y, to_x), *target_t = AT(target.t, target, to_y, to_x);
            for (int x = 0; x < out.width; x++) {
                target_k[x * w->stride_x] += k[x];
                target_t[x * w->stride_x] += t[x];
            }
            k += out.width, t += out.width;
        }
    }
}

// The adjoints of a sink, at one plane.
STEP void reverse_sink(plane target, const ntk_segment *segment, extent rows, int dy, int dx, const plane_set *set) {
    if (segment->sink == NTK_POOL) reverse_pool(target, segment, dy, dx, set);
    else reverse_sum(target, rows, set->v, set->t);
}

// The adjoints at the start of a plane go to the pool before the segment.
STEP void reverse_start(plane source, const ntk_segment *segment, double pool_scale, int dy, int dx, plane_set *set) {
    extent rows = extent_of(segment->height, segment->width, dy, dx, 0);
    size_t offset = plane_offset(set, dy, dx);
    real scale = R(pool_scale);
    for (int y = 0; y < rows.height; y++)
        for (int x = 0; x < rows.width; x++, offset++) {
            set->v[offset] = *AT(source.v, source, y, x) * scale;
            set->t[offset] = *AT(source.t, source, y, x) * scale;
        }
}

// … or to the inputs: ∂k₀/∂x_p = x'_p'/C.
STEP void reverse_inputs(plane source, const ntk_segment *segment, int dy, int dx, int channels, const images *images,
                         real *record, int has_both) {
    extent rows = extent_of(segment->height, segment->width, dy, dx, segment->is_circular);
    real scale = R(1.0 / channels);
    for (int y = 0; y < rows.height; y++)
        for (int x = 0; x < rows.width; x++) {
            size_t p = ((size_t)(rows.y + y) * (size_t)segment->width + (size_t)(rows.x + x)) * (size_t)channels;
            size_t q = partner(rows.y + y, rows.x + x, dy, dx, segment->height, segment->width, segment->is_circular) *
                       (size_t)channels;
            real g = *AT(source.v, source, y, x) * scale;
            for (int c = 0; c < channels; c++) {
                real value;
                col_value(images, q + (size_t)c, &value);
                record[p + (size_t)c] = fma(g, value, record[p + (size_t)c]);
                if (!has_both) continue;
                row_value(images, p + (size_t)c, &value);
                record[q + (size_t)c] = fma(g, value, record[q + (size_t)c]);
            }
        }
}

// Adds the record of every pair of the panel, for L = coefficient (k_weight k + t_weight t) at the read-out, to
// record, [record size] vectors. coefficients: [lanes].
CLONES void NAME(ntk_planes_reverse)(const ntk_planes *program, const scalar *row, const scalar *panel,
                                     const scalar *coefficients, double k_weight, double t_weight,
                                     scalar *record_memory, void *scratch) {
    workspace work;
    reverse_workspace reverse;
    lay_out_reverse(program, scratch, &work, &reverse);
    images images = {row, panel, ROW_AGAINST_PANEL};
    real *record = (real *)record_memory;
    totals sums;
    size_t last = program->count - 1;
    for (size_t s = 0; s < last; s++) forward_segment(&work, s, &images, &sums);

    double scale = program->segments[last].pool_scale;
    reverse.pooled[last].v[0] = R(k_weight * scale) * LOAD(coefficients);
    reverse.pooled[last].t[0] = R(t_weight * scale) * LOAD(coefficients);
    for (size_t s = program->count; s-- > 0;) {
        const ntk_segment *segment = &program->segments[s];
        if (s > 0) clear_set(&reverse.pooled[s - 1]);
        int first_y, last_y, first_x, last_x;
        displacements(segment, 0, &first_y, &last_y, &first_x, &last_x);
        for (int dy = first_y; dy <= last_y; dy++)
            for (int dx = first_x; dx <= last_x; dx++) {
                int start_dy = dy * segment->stride_y, start_dx = dx * segment->stride_x;
                start_plane(&work, s, start_dy, start_dx, &images);
                forward_plane(&work, segment, dy, dx, &images, &reverse.tape);
                reverse_sink(reverse.planes[0], segment, extent_at(segment, &work.places[segment->count]), dy, dx,
                             &reverse.pooled[s]);
                reverse_plane(&work, &reverse, segment, &images, record + record_offset(program, s), 0);
                if (s > 0)
                    reverse_start(reverse.planes[0], segment, program->segments[s - 1].pool_scale, start_dy, start_dx,
                                  &reverse.pooled[s - 1]);
                else
                    reverse_inputs(reverse.planes[0], segment, start_dy, start_dx, program->channels, &images, record,
                                   0);
            }
    }
}

// total [size] = Σ over the lanes of sum [size, lanes].
CLONES void NAME(ntk_planes_fold)(size_t size, const scalar *sum, scalar *total) {
    for (size_t i = 0; i < size; i++) {
        scalar value = 0;
        for (int lane = 0; lane < LANES; lane++) value += sum[i * LANES + (size_t)lane];
        total[i] = value;
    }
}

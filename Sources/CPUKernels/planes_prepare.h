// What a panel holds of its images: inputs, and the slots of every step from the recursion of variances, in double.

// Variances of one image, stacked like the states of a pair.
typedef struct {
    acc *q[NTK_DEPTH + 1];
} variances;

static void write_slot(scalar *panel, size_t index, int lane, acc value) {
    panel[index * LANES + (size_t)lane] = (scalar)value;
}

// The pixel that offset (i, j) of the window of output (y, x) reads; −1 beyond the border.
static inline int window_pixel(const ntk_plane_step *step, int y, int x, int i, int j) {
    const ntk_window *w = &step->window;
    int py = y * w->stride_y + i - w->top, px = x * w->stride_x + j - w->left;
    if (w->is_circular) {
        py = (py + step->input_height) % step->input_height;
        px = (px + step->input_width) % step->input_width;
    }
    if (py < 0 || py >= step->input_height || px < 0 || px >= step->input_width) return -1;
    return py * step->input_width + px;
}

static void convolve_variances(const ntk_plane_step *step, const acc *q, acc *result) {
    const ntk_window *w = &step->window;
    for (int y = 0; y < step->height; y++) {
        for (int x = 0; x < step->width; x++) {
            acc sum = 0;
            for (int i = 0; i < w->height; i++) {
                for (int j = 0; j < w->width; j++) {
                    int pixel = window_pixel(step, y, x, i, j);
                    if (pixel >= 0) sum += q[pixel];
                }
            }
            result[y * step->width + x] = step->parameters[0] * sum + step->parameters[1];
        }
    }
}

// The slots of a pointwise step at one pixel; returns the variance behind it.
static acc point_slots(const ntk_plane_step *step, acc q, scalar *panel, size_t pixel, int lane) {
    size_t pixels = (size_t)step->height * (size_t)step->width;
    variance v = {q, 1};
    acc slot[7];
    acc values[MOST_SLOTS] = {sqrt(q), q > 0 ? 1 / sqrt(q) : 0};
    size_t count = 2;
    switch (step->opcode) {
    case NTK_ABRELU: abrelu_variance(&v, slot, step->parameters); break;
    case NTK_ERF:
    case NTK_GELU:
        if (step->opcode == NTK_ERF) erf_variance(&v, slot, step->parameters);
        else gelu_variance(&v, slot, step->parameters);
        values[PLANE_AFTER] = sqrt(v.q);
        values[PLANE_N] = slot[SMOOTH_N];
        values[PLANE_J] = slot[SMOOTH_J];
        values[PLANE_OUT] = slot[SMOOTH_OUT];
        count = PLANE_SMOOTH_SLOTS;
        break;
    case NTK_LAYER_NORM:
        layer_norm_variance(&v, slot, step->parameters);
        values[PLANE_SCALE] = slot[0];
        count = 3;
        break;
    default: break;
    }
    for (size_t i = 0; i < count; i++) write_slot(panel, step->slot + i * pixels + pixel, lane, values[i]);
    return v.q;
}

// Runs the variances of one image through a segment; they start and end in q[0].
static void segment_variances(const ntk_segment *segment, variances *stack, size_t depth, scalar *panel, int lane) {
    size_t top = 0;
    size_t size[NTK_DEPTH] = {(size_t)segment->height * (size_t)segment->width};
    for (size_t i = 0; i < segment->count; i++) {
        const ntk_plane_step *step = &segment->steps[i];
        size_t pixels = (size_t)step->height * (size_t)step->width;
        acc *q = stack->q[top];
        switch (step->opcode) {
        case NTK_CONV:
            if (step->slot != NTK_NO_SLOT)
                for (size_t p = 0; p < size[top]; p++) write_slot(panel, step->slot + p, lane, q[p]);
            convolve_variances(step, q, stack->q[depth]);
            stack->q[top] = stack->q[depth];
            stack->q[depth] = q;
            if (step->after != NTK_NO_SLOT)
                for (size_t p = 0; p < pixels; p++) write_slot(panel, step->after + p, lane, stack->q[top][p]);
            size[top] = pixels;
            break;
        case NTK_FORK:
            memcpy(stack->q[top + 1], q, size[top] * sizeof(acc));
            size[top + 1] = size[top];
            top++;
            break;
        case NTK_EXCHANGE: {
            size_t other = size[top];
            stack->q[top] = stack->q[top - 1];
            stack->q[top - 1] = q;
            size[top] = size[top - 1];
            size[top - 1] = other;
            break;
        }
        case NTK_JOIN:
            top--;
            for (size_t p = 0; p < size[top]; p++) stack->q[top][p] += q[p];
            break;
        default:
            for (size_t p = 0; p < pixels; p++) q[p] = point_slots(step, q[p], panel, p, lane);
            break;
        }
    }
}

// Planes of every image of the panel with itself, as far as the sink of the segment mixes them.
CLONES static void self_planes(workspace *work, size_t s, const scalar *panel) {
    images images = {panel, panel, PANEL_AGAINST_ITSELF};
    totals sums;
    forward_segment(work, s, &images, &sums);
}

// Variances behind the sink of segment s, from the sums of variances in each window and the spread inside it.
static void pool_variances(const ntk_planes *program, size_t s, const plane_set *pooled, scalar *panel, acc *sums) {
    const ntk_segment *segment = &program->segments[s];
    size_t slot = s + 1 < program->count ? program->segments[s + 1].spread : NTK_NO_SLOT;
    real scale = R(segment->pool_scale);
    const real *v = pooled->v + plane_offset(pooled, 0, 0);
    // Of the (window size)² entries that a pool takes those on the diagonal are summed here; flatten takes no others.
    acc window = segment->pool_scale;
    if (segment->sink == NTK_POOL) window *= segment->pool.height * segment->pool.width;
    if (segment->sink == NTK_GLOBAL_POOL) window *= segment->end_height * segment->end_width;
    for (size_t p = 0; p < (size_t)segment->pool_height * (size_t)segment->pool_width; p++) {
        real spread = R(0);
        if (slot != NTK_NO_SLOT) {
            real mean = v[p] * scale;
            spread = R(0.5) * mean;
            STORE(spread, panel + (slot + p) * LANES);
        }
        for (int lane = 0; lane < LANES; lane++) {
            acc q = window * sums[p * LANES + (size_t)lane] - (acc)spread[lane];
            sums[p * LANES + (size_t)lane] = q > 0 ? q : 0;
        }
    }
}

// Sums of variances over each window of a pool; a read-out has one window, the image.
static void window_sums(const ntk_segment *segment, const acc *q, acc *sums, int lane) {
    const ntk_window whole = {.height = segment->end_height, .width = segment->end_width};
    const ntk_window *w = segment->sink == NTK_POOL ? &segment->pool : &whole;
    for (int y = 0; y < segment->pool_height; y++) {
        for (int x = 0; x < segment->pool_width; x++) {
            acc sum = 0;
            for (int i = 0; i < w->height; i++)
                for (int j = 0; j < w->width; j++)
                    sum += q[(y * w->stride_y + i) * segment->end_width + x * w->stride_x + j];
            sums[(size_t)(y * segment->pool_width + x) * LANES + (size_t)lane] = sum;
        }
    }
}

void NAME(ntk_planes_prepare)(const ntk_planes *program, const scalar *x, size_t count, scalar *panel, void *scratch) {
    workspace work;
    real *rest = lay_out(program, scratch, &work);
    // Variances at the start of the segment, [pixel, lane].
    acc *starts = (acc *)rest;
    int channels = program->channels;
    size_t pixels = (size_t)program->segments[0].height * (size_t)program->segments[0].width;
    size_t numbers = pixels * (size_t)channels;
    memset(panel, 0, program->size * LANES * sizeof(scalar));
    for (size_t lane = 0; lane < LANES; lane++) {
        // Lanes without an image repeat the last one: whatever they compute is finite, and nobody reads it.
        const scalar *image = x + (lane < count ? lane : count - 1) * numbers;
        for (size_t i = 0; i < numbers; i++) panel[i * LANES + lane] = image[i];
        for (size_t p = 0; p < pixels; p++) {
            acc sum = 0;
            for (int c = 0; c < channels; c++) {
                acc value = image[p * (size_t)channels + (size_t)c];
                sum += value * value;
            }
            starts[p * LANES + lane] = sum / channels;
        }
    }
    size_t size = plane_size(program);
    for (size_t s = 0; s < program->count; s++) {
        const ntk_segment *segment = &program->segments[s];
        size_t start = (size_t)segment->height * (size_t)segment->width;
        for (size_t lane = 0; lane < LANES; lane++) {
            variances stack;
            // The planes are free until the images are run against themselves.
            for (int i = 0; i <= program->depth; i++) stack.q[i] = (acc *)scratch + (size_t)i * size;
            for (size_t p = 0; p < start; p++) stack.q[0][p] = starts[p * LANES + lane];
            segment_variances(segment, &stack, (size_t)program->depth, panel, (int)lane);
            window_sums(segment, stack.q[0], starts, (int)lane);
        }
        if (segment->self_y >= 0) self_planes(&work, s, panel);
        pool_variances(program, s, &work.pooled[s], panel, starts);
    }
    for (size_t lane = 0; lane < LANES; lane++) write_slot(panel, program->size - 1, (int)lane, starts[lane]);
}

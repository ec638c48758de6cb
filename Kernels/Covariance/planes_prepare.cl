// Tables of images: inputs, and the slots of every step from the recursion of their variances, in `acc`. Behind
// planes_segments.cl, of panels against themselves. O(images) work: one group per panel at a time.

// Variances of each plane, of the inputs, and of the tensor of each segment. Lanes and pixels are shared out alike: number
// p LANES + lane.
#define VARIANCES(number) (variances + (number) * plan->pixels * LANES)
#define TENSOR_VARIANCES(segment) (plan->planes + 1 + (segment))

// The slots of a pointwise step at one number of the variances; returns what comes behind it.
STEP acc point_slots(CONSTANT plane_step *step, CONSTANT acc *parameters, acc q, GLOBAL scalar *table, int number) {
    acc slot[PLANE_SMOOTH_SLOTS];
    int count = 0;
    switch (step->opcode) {
#ifdef ABRELU
    case STEP_ABRELU:
        abrelu_plane_slots(&q, slot, parameters);
        count = 2;
        break;
#endif
#ifdef ERF
    case STEP_ERF:
        erf_plane_slots(&q, slot, parameters);
        count = PLANE_SMOOTH_SLOTS;
        break;
#endif
#ifdef GELU
    case STEP_GELU:
        gelu_plane_slots(&q, slot, parameters);
        count = PLANE_SMOOTH_SLOTS;
        break;
#endif
#ifdef LAYER_NORM
    case STEP_LAYER_NORM:
        layer_norm_plane_slots(&q, slot, parameters);
        count = 3;
        break;
#endif
    default: break;
    }
    int pixels = step->height * step->width;
    for (int i = 0; i < count; i++) table[(step->slot + i * pixels) * LANES + number] = (scalar)slot[i];
    return q;
}

STEP void convolve_variances(CONSTANT plane_step *step, acc scale, acc bias, GLOBAL const acc *from, GLOBAL acc *to) {
    FOR_ALL(number, step->height * step->width * LANES) {
        int p = number / LANES, lane = number % LANES, y = p / step->width, x = p % step->width;
        acc sum = 0;
        for (int i = 0; i < step->window.height; i++)
            for (int j = 0; j < step->window.width; j++) {
                int pixel = window_pixel(&step->window, step->input_height, step->input_width, y, x, i, j);
                if (pixel >= 0) sum += from[pixel * LANES + lane];
            }
        to[number] = scale * sum + bias;
    }
}

STEP void keep_variances(GLOBAL scalar *table, int slot, int count, GLOBAL const acc *q) {
    if (slot == NO_SLOT) return;
    FOR_ALL(number, count * LANES) table[slot * LANES + number] = (scalar)q[number];
}

// Zeros around an image.
STEP void pad_variances(CONSTANT plane_step *step, GLOBAL const acc *from, GLOBAL acc *to) {
    FOR_ALL(number, step->height * step->width * LANES) {
        int p = number / LANES, y = p / step->width - step->window.top, x = p % step->width - step->window.left;
        int is_inside = y >= 0 && y < step->input_height && x >= 0 && x < step->input_width;
        to[number] = is_inside ? from[(y * step->input_width + x) * LANES + number % LANES] : 0;
    }
}

// Runs variances through the steps of a segment.
STEP void segment_variances(CONSTANT plane_plan *plan, CONSTANT plane_segment *segment, CONSTANT plane_step *steps,
                            CONSTANT acc *parameters, GLOBAL acc *variances, GLOBAL scalar *table) {
    for (int i = 0; i < segment->count; i++) {
        CONSTANT plane_step *step = steps + segment->first + i;
        CONSTANT acc *own = parameters + step->parameter;
        int pixels = step->height * step->width, inputs = step->input_height * step->input_width;
        GLOBAL acc *from = VARIANCES(step->input), *to = VARIANCES(step->output);
        switch (step->opcode) {
        case LOAD_TENSOR:
            FOR_ALL(number, pixels * LANES) to[number] = VARIANCES(TENSOR_VARIANCES(step->tensor))[number];
            break;
        case CONVOLUTION:
            keep_variances(table, step->slot, inputs, from);
            convolve_variances(step, own[0], own[1], from, to);
            break;
        case PAD:
            keep_variances(table, step->slot, inputs, from);
            pad_variances(step, from, to);
            break;
        case FORK:
        case JOIN:
            FOR_ALL(number, pixels * LANES) to[number] = from[number] + (step->opcode == JOIN ? to[number] : 0);
            break;
        default:
            FOR_ALL(number, pixels * LANES) from[number] = point_slots(step, own, from[number], table, number);
            break;
        }
        BARRIER;
        if (step->opcode == CONVOLUTION) keep_variances(table, step->after, pixels, to);
    }
}

// Variances behind the sink of segment `number`: the sums in each window, the whole image where it is read out, less the
// spread inside it.
STEP void sink_variances(const pass *s, int number, GLOBAL acc *variances, GLOBAL scalar *table) {
    CONSTANT plane_plan *plan = s->plan;
    CONSTANT plane_segment *segment = s->segments + number;
    CONSTANT window *pool = &segment->pool;
    GLOBAL const acc *q = VARIANCES(segment->end);
    GLOBAL acc *sums = VARIANCES(TENSOR_VARIANCES(number));
    GLOBAL const scalar *mixed = (GLOBAL const scalar *)(s->pooled + segment->pooled + pooled_offset(segment, 0, 0));
    int is_pool = segment->sink == SINK_POOL, slot = segment->spread;
    int height = is_pool ? pool->height : segment->end_height, width = is_pool ? pool->width : segment->end_width;
    acc scale = s->parameters[segment->pool_scale];
    // Of the entries that a pool takes those on the diagonal are summed here; flatten takes no others.
    acc share = segment->sink == SINK_FLATTEN ? scale : scale * height * width;
    FOR_ALL(n, segment->pool_height * segment->pool_width * LANES) {
        int p = n / LANES, lane = n % LANES, y = p / segment->pool_width, x = p % segment->pool_width;
        acc sum = 0;
        for (int i = 0; i < height; i++)
            for (int j = 0; j < width; j++)
                sum += q[window_pixel(pool, segment->end_height, segment->end_width, y, x, i, j) * LANES + lane];
        scalar spread = 0;
        if (slot != NO_SLOT) {
            // The same operations as load_plane's, so that their difference is exactly 0 for equal images.
            scalar mean = mixed[n] * (scalar)scale;
            spread = (scalar)0.5 * mean;
            table[slot * LANES + n] = spread;
        }
        sums[n] = fmax(share * sum - (acc)spread, (acc)0);
    }
    BARRIER;
}

// Fills the table of a panel, whose inputs are there; the pass pairs it with itself.
STEP void prepare_panel(const pass *s, GLOBAL acc *variances, GLOBAL scalar *table) {
    CONSTANT plane_plan *plan = s->plan;
    GLOBAL acc *start = VARIANCES(TENSOR_VARIANCES(INPUTS));
    FOR_ALL(number, plan->height * plan->width * LANES) {
        acc sum = 0;
        for (int c = 0; c < plan->channels; c++) {
            acc value = table[(number / LANES * plan->channels + c) * LANES + number % LANES];
            sum += value * value;
        }
        start[number] = sum / plan->channels;
    }
    BARRIER;
    for (int n = 0; n < plan->segments; n++) {
        CONSTANT plane_segment *segment = s->segments + n;
        segment_variances(plan, segment, s->steps, s->parameters, variances, table);
        BARRIER;
        wide none_v, none_t;
        forward_segment(s, n, segment->self_y, segment->self_x, &none_v, &none_t);
        sink_variances(s, n, variances, table);
    }
    FOR_ALL(lane, LANES)
    table[(plan->size - 1) * LANES + lane] = (scalar)VARIANCES(TENSOR_VARIANCES(plan->segments - 1))[lane];
    BARRIER;
}

#ifdef __OPENCL_C_VERSION__

// x          [count, pixels, channels]
// tables     [panels, size, LANES], the first being panel first_panel of all
// variances  planes + segments + 1 numbers per pixel of the largest image and lane, for each group
__kernel __attribute__((reqd_work_group_size(GROUP, 1, 1))) void prepare(
    PLAN_ARGUMENTS, GLOBAL const scalar *x, SIZE count, SIZE first_panel, SIZE panels, GLOBAL scalar *tables,
    GLOBAL real *scratch, SIZE scratch_size, GLOBAL acc *all_variances
#ifdef PLANES_LOCAL
    , __local real *planes
#endif
) {
    GROUP_SUMS;
    GLOBAL real *own = scratch + get_group_id(0) * scratch_size;
    GLOBAL acc *variances =
        all_variances + get_group_id(0) * (SIZE)((plan->planes + plan->segments + 1) * plan->pixels * LANES);
    int numbers = plan->height * plan->width * plan->channels;
#ifndef PLANES_LOCAL
    GLOBAL real *planes = own + plan->pooled;
#endif
    for (SIZE panel = get_group_id(0); panel < panels; panel += get_num_groups(0)) {
        GLOBAL scalar *table = tables + panel * plan->size * LANES;
        // Lanes without an image repeat the last one: whatever they compute is finite, and nobody reads it.
        FOR_ALL(i, numbers * LANES)
        table[i] = x[min((first_panel + panel) * LANES + i % LANES, count - 1) * numbers + i / LANES];
        BARRIER;
        pass s = {plan, segments, steps, parameters, table, table, planes, own, 0, 0, group_sums};
        prepare_panel(&s, variances, table);
    }
}

#if REAL_WIDTH > 1
// Takes images first ..< first + count out of their panels: rows [count, size]. [size, count] work-items.
__kernel void take_rows(GLOBAL const scalar *tables, SIZE size, SIZE first, SIZE count, GLOBAL scalar *rows) {
    SIZE r = get_global_id(0), image = first + r;
    if (r >= count) return;
    GLOBAL const scalar *from = tables + image / LANES * size * LANES + image % LANES;
    for (SIZE k = 0; k < size; k++) rows[r * size + k] = from[k * LANES];
}
#endif

#endif

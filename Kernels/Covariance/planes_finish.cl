// What all pairs of an image share in its gradient: the recursion of its variances, backwards, with lanes being
// cotangents. Behind planes_pairs.cl, of one image against itself.

// dL/dq of each plane, of the inputs, and of the tensor of each segment.
#define VARIANCE_ADJOINTS(number) (variances + (number) * s->plan->pixels)
#define TENSOR_ADJOINTS(segment) VARIANCE_ADJOINTS(s->plan->planes + 1 + (segment))

STEP acc variance_slope(const pass *s, CONSTANT plane_step *step, int p) {
    CONSTANT acc *parameters = s->parameters + step->parameter;
    acc root = s->row[step->slot + p];
    acc q = root * root;
    switch (step->opcode) {
#ifdef ABRELU
    case STEP_ABRELU: return abrelu_plane_slope(q, parameters);
#endif
#ifdef ERF
    case STEP_ERF: return erf_plane_slope(q, parameters);
#endif
#ifdef GELU
    case STEP_GELU: return gelu_plane_slope(q, parameters);
#endif
#ifdef LAYER_NORM
    case STEP_LAYER_NORM: return layer_norm_plane_slope(q, parameters);
#endif
    default: return 0;
    }
}

// Back through the steps of a segment; the record's shares are added on the way.
STEP void reverse_variances(const pass *s, CONSTANT plane_segment *segment, GLOBAL const real *record,
                            GLOBAL real *variances) {
    for (int i = segment->count - 1; i >= 0; i--) {
        CONSTANT plane_step *step = s->steps + segment->first + i;
        GLOBAL real *in = VARIANCE_ADJOINTS(step->input), *out = VARIANCE_ADJOINTS(step->output);
        int pixels = step->height * step->width, height = step->input_height, width = step->input_width;
        switch (step->opcode) {
        case LOAD_TENSOR: {
            GLOBAL real *tensor = TENSOR_ADJOINTS(step->tensor);
            FOR_ALL(p, pixels) tensor[p] += out[p];
            break;
        }
        case CONVOLUTION: {
            real scale = R(s->parameters[step->parameter]);
            FOR_PLACES(y, x, height, width) {
                real sum = R(0);
                TRANSPOSED_SUM(sum, step, out, step->width, y, x, height, width, step->height, step->width)
                in[y * width + x] = scale * sum;
            }
            break;
        }
        case PAD:
            FOR_PLACES(y, x, height, width)
            in[y * width + x] = out[(y + step->window.top) * step->width + x + step->window.left];
            break;
        case FORK:
            FOR_ALL(p, pixels) in[p] += out[p];
            break;
        case JOIN:
            FOR_ALL(p, pixels) in[p] = out[p];
            break;
        default:
            FOR_ALL(p, pixels) in[p] = fma(in[p], R(variance_slope(s, step, p)), record[step->record + p]);
            break;
        }
        BARRIER;
    }
}

// dL/dq behind a sink is that of what it makes of the image's covariance with itself, at D = 0; then of what it was made
// of. Nothing depends on the variances at the end of the net.
STEP void reverse_sink_variances(const pass *s, int number, GLOBAL real *variances) {
    CONSTANT plane_segment *segment = s->segments + number;
    GLOBAL real *diagonal = s->adjoints + segment->pooled + pooled_offset(segment, 0, 0);
    GLOBAL const real *tensor = TENSOR_ADJOINTS(number);
    real scale = R(s->parameters[segment->pool_scale]);
    FOR_ALL(p, segment->pool_height * segment->pool_width) diagonal[p] = fma(scale, tensor[p], diagonal[p]);
    BARRIER;
    reverse_sink(s, segment, 0, 0);
    BARRIER;
    PLANES const real *k = FIRST(s, segment->end);
    GLOBAL real *end = VARIANCE_ADJOINTS(segment->end);
    FOR_PLACES(y, x, segment->end_height, segment->end_width)
    end[y * segment->end_width + x] = k[y * s->plan->stride + x];
    BARRIER;
}

// Turns the contracted records of an image, lanes being cotangents, into gradients [pixel, channel] at its start.
STEP void finish_records(const pass *s, GLOBAL real *record, GLOBAL real *variances) {
    int last = s->plan->segments - 1, channels = s->plan->channels;
    // The image against itself, as far as its planes are mixed.
    wide none_v, none_t;
    for (int n = 0; n < last; n++)
        forward_segment(s, n, s->segments[n].self_y, s->segments[n].self_x, &none_v, &none_t);
    clear_adjoints(s);
    FOR_ALL(i, (s->plan->planes + s->plan->segments + 1) * s->plan->pixels) variances[i] = R(0);
    BARRIER;
    for (int n = last; n >= 0; n--) {
        CONSTANT plane_segment *segment = s->segments + n;
        reverse_sink_variances(s, n, variances);
        // All displacements but (0, 0), which is the variances'.
        int first_y = displacements_from(segment->self_y, segment->is_circular);
        int first_x = displacements_from(segment->self_x, segment->is_circular);
        int height = segment->self_y - first_y + 1, width = segment->self_x - first_x + 1;
        int centre = -first_y * width - first_x;
        for (int d = 0; d < height * width - 1; d++) {
            int place = d < centre ? d : d + 1;
            reverse_displacement(s, segment, first_y + place / width, first_x + place % width, record);
        }
        reverse_variances(s, segment, record, variances);
    }
    real scale = R((acc)2 / channels);
    GLOBAL const real *q = TENSOR_ADJOINTS(INPUTS);
    FOR_ALL(n, s->plan->height * s->plan->width * channels)
    record[n] = fma(scale * q[n / channels], R(s->row[n]), record[n]);
    BARRIER;
}

#ifdef __OPENCL_C_VERSION__

// Tasks are rows x groups of LANES cotangents.
// row_table  [rows, size], from row first_row on
// sums       [rows, parts, count, pitch]
// gradients  [rows, count, pixels, channels] from number first_number on
// scratch    as in planes_gradient.cl, and behind the record planes + segments + 1 numbers per pixel
__kernel __attribute__((reqd_work_group_size(GROUP, 1, 1))) void finish(
    PLAN_ARGUMENTS, GLOBAL const scalar *row_table, SIZE first_row, SIZE rows, SIZE parts, SIZE count,
    GLOBAL const scalar *sums, SIZE pitch, GLOBAL scalar *gradients, SIZE first_number,
    GLOBAL real *scratch, SIZE scratch_size, SIZE tape_size
#ifdef PLANES_LOCAL
    , __local real *planes
#endif
) {
    GROUP_SUMS;
    GRADIENT_SCRATCH;
    GLOBAL real *record = rest, *variances = record + pitch;
    int numbers = plan->height * plan->width * plan->channels;
    SIZE groups = (count + LANES - 1) / LANES;
    for (SIZE task = get_group_id(0); task < rows * groups; task += get_num_groups(0)) {
        SIZE i = task / groups, first = task % groups * LANES, lanes = min((SIZE)LANES, count - first);
        GLOBAL const scalar *row = row_table + (first_row + i) * plan->size;
        pass all = {plan, segments, steps, parameters, row, row, planes, own, own + plan->pooled, tape, group_sums};
        GLOBAL scalar *numbered = (GLOBAL scalar *)record;
        FOR_ALL(n, plan->record * LANES) {
            scalar sum = 0;
            SIZE lane = n % LANES, at = n / LANES;
            for (SIZE part = 0; part < parts && lane < lanes; part++)
                sum += sums[((i * parts + part) * count + first + lane) * pitch + at];
            numbered[n] = sum;
        }
        BARRIER;
        finish_records(&all, record, variances);
        FOR_ALL(n, numbers * LANES)
        if (n % LANES < lanes)
            gradients[first_number + (i * count + first + n % LANES) * numbers + n / LANES] = numbered[n];
        BARRIER;
    }
}

#endif

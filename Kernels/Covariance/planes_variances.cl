// What a record's shares of an image's variances give to its gradient: the recursion of the variances, backwards. Behind
// planes_pairs.cl.
//
// Records are linear, so this is done where it is cheapest: once per image and cotangent, lanes being cotangents, on
// records that have been summed over pairs; or of many cotangents once per pair, lanes being pairs, which leaves of a
// record no more than its inputs' numbers to be contracted. The latter only where an image against itself has no planes
// that a pool mixes.

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

// The transposed window sum of a plane of variances.
STEP void transpose_variances(const pass *s, CONSTANT plane_step *step, GLOBAL const real *out, GLOBAL real *in) {
    int height = step->input_height, width = step->input_width;
    CONSTANT window *w = &step->window;
    real scale = R(s->parameters[step->parameter]);
#if GROUP == 1
    // 3 x 3 windows around each pixel, the common ones: sums down columns, then along rows in place.
    if (w->height == 3 && w->width == 3 && w->stride_y == 1 && w->stride_x == 1 && w->top == 1 && w->left == 1 &&
        step->height == height && step->width == width && !w->is_circular) {
        for (int y = 0; y < height; y++) {
            GLOBAL const real *at = out + y * width, *above = y > 0 ? at - width : at,
                              *below = y + 1 < height ? at + width : at;
            real up = R(y > 0), down = R(y + 1 < height), before = R(0), here = R(0);
            GLOBAL real *line = in + y * width;
            for (int x = 0; x < width; x++) {
                real after = fma(up, above[x], fma(down, below[x], at[x]));
                if (x > 0) line[x - 1] = scale * (before + here + after);
                before = here;
                here = after;
            }
            line[width - 1] = scale * (before + here);
        }
        return;
    }
#endif
    FOR_PLACES(y, x, height, width) {
        real sum = R(0);
        TRANSPOSED_SUM(sum, step, out, step->width, y, x, height, width, step->height, step->width)
        in[y * width + x] = scale * sum;
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
        case CONVOLUTION: transpose_variances(s, step, out, in); break;
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

// Turns records, of which lanes are cotangents or pairs, into gradients [pixel, channel] at their start. Planes of the
// image against itself are mixed where it is paired with itself.
STEP void finish_records(const pass *s, GLOBAL real *record, GLOBAL real *variances) {
    int last = s->plan->segments - 1, channels = s->plan->channels;
    // The image against itself, as far as its planes are mixed.
    wide none_v, none_t;
    for (int n = 0; n < (HAS_BOTH ? last : 0); n++)
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
        for (int d = 0; d < (HAS_BOTH ? height * width - 1 : 0); d++) {
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

// What all pairs of an image share in its gradient: the recursion of its variances, backwards.

// ---- what all pairs of an image share -------------------------------------------------------------------------------

STEP void transpose_variances(const ntk_plane_step *step, const real *output, real *input) {
    const ntk_window *w = &step->window;
    for (int p = 0; p < step->input_height * step->input_width; p++) input[p] = R(0);
    for (int y = 0; y < step->height; y++)
        for (int x = 0; x < step->width; x++)
            for (int i = 0; i < w->height; i++)
                for (int j = 0; j < w->width; j++) {
                    int pixel = window_pixel(step, y, x, i, j);
                    if (pixel >= 0) input[pixel] += R(step->parameters[0]) * output[y * step->width + x];
                }
}

// dq'/dq of a pointwise step at a pixel of one image.
static acc variance_slope(const ntk_plane_step *step, const scalar *row, size_t pixel) {
    acc root = (acc)row[step->slot + pixel];
    acc before = root * root;
    variance v = {before, 1};
    acc slot[7];
    switch (step->opcode) {
    case NTK_ABRELU: return step->parameters[0];
    case NTK_ERF:
        if (before == 0) return 4 / PI;
        erf_variance(&v, slot, step->parameters);
        break;
    case NTK_GELU:
        if (before == 0) return 0.25;
        gelu_variance(&v, slot, step->parameters);
        break;
    default: {
        acc sum = before + step->parameters[0];
        return sum > 0 ? step->parameters[0] / (sum * sum) : 0;
    }
    }
    return v.growth * v.q / before; // growth is ∂ ln √q'/∂ ln √q
}

// ∂L/∂q at the end of a segment, in q[0], to its start; the record's shares are added on the way.
STEP void reverse_variances(const ntk_planes *program, size_t s, const scalar *row, const real *record,
                            real *q[NTK_DEPTH + 1]) {
    const ntk_segment *segment = &program->segments[s];
    size_t part = record_offset(program, s + 1);
    int top = 0;
    for (size_t i = segment->count; i-- > 0;) {
        const ntk_plane_step *step = &segment->steps[i];
        size_t pixels = (size_t)step->height * (size_t)step->width;
        switch (step->opcode) {
        case NTK_CONV: {
            transpose_variances(step, q[top], q[program->depth]);
            real *spare = q[top];
            q[top] = q[program->depth];
            q[program->depth] = spare;
            break;
        }
        case NTK_JOIN:
            memcpy(q[top + 1], q[top], pixels * sizeof(real));
            top++;
            break;
        case NTK_EXCHANGE: {
            real *other = q[top];
            q[top] = q[top - 1];
            q[top - 1] = other;
            break;
        }
        case NTK_FORK:
            top--;
            for (size_t p = 0; p < pixels; p++) q[top][p] += q[top + 1][p];
            break;
        default:
            part -= pixels;
            for (size_t p = 0; p < pixels; p++)
                q[top][p] = fma(q[top][p], R(variance_slope(step, row, p)), record[part + p]);
            break;
        }
    }
}

// Turns the contracted record of one image, lanes being cotangents, into gradients [pixel, channel] in its first part.
CLONES void NAME(ntk_planes_finish)(const ntk_planes *program, const scalar *row, scalar *record_memory,
                                    void *scratch) {
    workspace work;
    reverse_workspace reverse;
    real *rest = lay_out_reverse(program, scratch, &work, &reverse);
    real *record = (real *)record_memory;
    images images = {row, row, ROW_AGAINST_ITSELF};
    size_t size = plane_size(program);
    real *q[NTK_DEPTH + 1];
    for (int i = 0; i <= program->depth; i++) q[i] = rest + (size_t)i * size;
    const ntk_segment *last = &program->segments[program->count - 1];
    // The covariances at the read-out do not depend on the variances behind the last activation.
    memset(q[0], 0, (size_t)last->end_height * (size_t)last->end_width * sizeof(real));

    // The image against itself, as far as its planes are mixed.
    totals sums;
    for (size_t s = 0; s + 1 < program->count; s++) forward_segment(&work, s, &images, &sums);

    for (size_t s = program->count; s-- > 0;) {
        const ntk_segment *segment = &program->segments[s];
        extent all = {0, 0, segment->end_height, segment->end_width};
        if (s + 1 < program->count) {
            // q of the next segment is what the sink makes of the image's covariance with itself, at D = 0.
            plane_set *set = &reverse.pooled[s];
            real *diagonal = set->v + plane_offset(set, 0, 0);
            real scale = R(segment->pool_scale);
            for (size_t p = 0; p < (size_t)set->height * (size_t)set->width; p++)
                diagonal[p] = fma(scale, q[0][p], diagonal[p]);
            reverse_sink(reverse.planes[0], segment, all, 0, 0, set);
            for (int y = 0; y < all.height; y++)
                memcpy(q[0] + y * all.width, AT(reverse.planes[0].v, reverse.planes[0], y, 0),
                       (size_t)all.width * sizeof(real));
        }
        if (s > 0) clear_set(&reverse.pooled[s - 1]);
        int first_y, last_y, first_x, last_x;
        displacements(segment, 1, &first_y, &last_y, &first_x, &last_x);
        for (int dy = first_y; dy <= last_y; dy++)
            for (int dx = first_x; dx <= last_x; dx++) {
                if (dy == 0 && dx == 0) continue;
                int start_dy = dy * segment->stride_y, start_dx = dx * segment->stride_x;
                start_plane(&work, s, start_dy, start_dx, &images);
                forward_plane(&work, segment, dy, dx, &images, &reverse.tape);
                reverse_sink(reverse.planes[0], segment, extent_at(segment, &work.places[segment->count]), dy, dx,
                             &reverse.pooled[s]);
                reverse_plane(&work, &reverse, segment, &images, record + record_offset(program, s), 1);
                if (s > 0)
                    reverse_start(reverse.planes[0], segment, program->segments[s - 1].pool_scale, start_dy, start_dx,
                                  &reverse.pooled[s - 1]);
                else
                    reverse_inputs(reverse.planes[0], segment, start_dy, start_dx, program->channels, &images, record,
                                   1);
            }
        reverse_variances(program, s, row, record, q);
        if (s > 0) continue;
        real scale = R(2.0 / program->channels);
        for (size_t p = 0; p < (size_t)segment->height * (size_t)segment->width; p++)
            for (size_t c = 0; c < (size_t)program->channels; c++) {
                size_t index = p * (size_t)program->channels + c;
                record[index] = fma(scale * q[0][p], R(row[index]), record[index]);
            }
    }
}

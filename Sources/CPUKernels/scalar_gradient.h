// From covariances and the factors of their gradients to predictions and gradients: sums over columns.
// Included by scalar.h, for one precision.

// Columns whose weights stay in a near cache while rows pass by.
#define PREDICT_COLUMNS 512
// Sums in flight, which hide the latency of a fused multiply-add, and outputs that share a conversion to double.
#define PREDICT_SUMS 4

// Fewer outputs than sums have several each, for columns in turn.
STEP void predict_outputs(size_t columns, size_t outputs, const scalar *value, const double *weights,
                          size_t weight_stride, double *f) {
    const size_t turns = PREDICT_SUMS / outputs;
    wide total[PREDICT_SUMS] = {0};
    size_t j = 0;
    for (; j + 8 * turns <= columns; j += 8 * turns)
#pragma unroll
        for (size_t turn = 0; turn < turns; turn++) {
            wide v = __builtin_convertvector(*(const narrow *)(value + j + 8 * turn), wide);
#pragma unroll
            for (size_t o = 0; o < outputs; o++)
                total[turn * outputs + o] =
                    fma(v, *(const unaligned_wide *)(weights + o * weight_stride + j + 8 * turn),
                        total[turn * outputs + o]);
        }
    for (size_t o = 0; o < outputs; o++) {
        double sum = 0;
        for (size_t turn = 0; turn < turns; turn++) add_wide(&total[turn * outputs + o], &sum);
        for (size_t k = j; k < columns; k++) sum += (double)value[k] * weights[o * weight_stride + k];
        f[o] += sum;
    }
}

CLONES void NAME(ntk_predict)(size_t rows, size_t columns, size_t outputs, const scalar *value, size_t value_stride,
                              const double *weights, size_t weight_stride, double *f) {
    memset(f, 0, rows * outputs * sizeof(double));
    for (size_t j = 0; j < columns; j += PREDICT_COLUMNS) {
        size_t valid = columns - j < PREDICT_COLUMNS ? columns - j : PREDICT_COLUMNS;
        for (size_t i = 0; i < rows; i++) {
            const scalar *at = value + i * value_stride + j;
            const double *from = weights + j;
            double *target = f + i * outputs;
            size_t o = 0;
            // A number that the compiler knows keeps the sums in registers.
            for (; o + 4 <= outputs; o += 4)
                predict_outputs(valid, 4, at, from + o * weight_stride, weight_stride, target + o);
            for (; o + 2 <= outputs; o += 2)
                predict_outputs(valid, 2, at, from + o * weight_stride, weight_stride, target + o);
            for (; o < outputs; o++)
                predict_outputs(valid, 1, at, from + o * weight_stride, weight_stride, target + o);
        }
    }
}

CLONES void NAME(ntk_weigh)(const inputs_t *columns, size_t column_begin, size_t column_end, size_t outputs,
                            const double *cotangent, const scalar *weights, size_t weight_stride,
                            const scalar *tangential, const scalar *radial, scalar *a, double *sums) {
    const scalar *share = columns->start + START_SHARE * columns->stride + column_begin;
    size_t count = column_end - column_begin;
    for (size_t j = 0; j < count; j += BLOCK) {
        size_t valid = count - j < BLOCK ? count - j : BLOCK;
        real sum = 0, level = 0;
        size_t k = j;
        for (; k + REAL_WIDTH <= j + valid; k += REAL_WIDTH) {
            real c = 0;
            for (size_t o = 0; o < outputs; o++) c = fma(R(cotangent[o]), LOAD(weights + o * weight_stride + k), c);
            real across = c * LOAD(tangential + k);
            STORE(across, a + k);
            sum = fma(c, LOAD(radial + k), sum);
            level = fma(across, LOAD(share + k), level);
        }
        double block_sum = 0, block_level = 0;
        for (int lane = 0; lane < REAL_WIDTH; lane++) block_sum += sum[lane], block_level += level[lane];
        for (; k < j + valid; k++) {
            scalar c = 0;
            for (size_t o = 0; o < outputs; o++) c += (scalar)cotangent[o] * weights[o * weight_stride + k];
            a[k] = c * tangential[k];
            block_sum += (double)c * radial[k];
            block_level += (double)a[k] * share[k];
        }
        sums[0] += block_sum;
        sums[1] += block_level;
    }
}

size_t NAME(ntk_find_blanks)(const ntk_program *program, const inputs_t *columns, size_t count, size_t *blanks) {
    size_t d = program->dimension, left = d;
    for (size_t k = 0; k < d; k++) blanks[k] = k;
    // The first few inputs leave little to look at.
    for (size_t j = 0; j < count && left > 0; j++) {
        const scalar *w = columns->centred + j * d;
        scalar share = columns->start[START_SHARE * columns->stride + j];
        size_t kept = 0;
        for (size_t n = 0; n < left; n++) {
            size_t k = blanks[n];
            blanks[kept] = k;
            kept += IS_ZERO(w[k], share, program->direction[k]);
        }
        left = kept;
    }
    return left;
}

CLONES void NAME(ntk_finish_gradient)(const ntk_program *program, const inputs_t *rows, size_t row,
                                      const double *sums, const size_t *blanks, size_t blank_count,
                                      scalar *gradient) {
    const scalar *w = rows->centred + row * program->dimension;
    const double *direction = program->direction;
    scalar radial = (scalar)sums[0];
    scalar share = rows->start[START_SHARE * rows->stride + row];
    double level = sums[1] + sums[0] * share;
    for (size_t k = 0; k < program->dimension; k++)
        gradient[k] = gradient[k] + radial * w[k] + (scalar)(level * direction[k]);
    for (size_t n = 0; n < blank_count; n++)
        if (IS_ZERO(w[blanks[n]], share, direction[blanks[n]])) gradient[blanks[n]] = 0;
}

// The gradient of one row, where a matrix product has nothing to block and reading the columns is what takes time: a
// group of columns is read from memory for its correlations, and is still in a near cache for its share of the sum.
// Included by scalar.h, for one precision.

// Columns in flight of a correlation.
#define DOT_COLUMNS 4
// Columns in flight of a sum.
#define SUM_COLUMNS 8

STEP void add_lanes(const real *v, scalar *sum) {
#if REAL_WIDTH == 16
    typedef scalar eight __attribute__((ext_vector_type(8)));
    eight a = v->lo + v->hi;
#else
    real a = *v;
#endif
    typedef scalar four __attribute__((ext_vector_type(4)));
    four b = a.lo + a.hi;
    *sum = (b[0] + b[2]) + (b[1] + b[3]);
}

// Two accumulators for each of four columns hide the latency of a fused multiply-add.
STEP void dots(const scalar *u, const scalar *v, size_t dimension, scalar *product) {
    real even[DOT_COLUMNS], odd[DOT_COLUMNS];
    for (int c = 0; c < DOT_COLUMNS; c++) even[c] = odd[c] = 0;
    size_t k = 0;
    for (; k + 2 * REAL_WIDTH <= dimension; k += 2 * REAL_WIDTH) {
        real a = LOAD(u + k), b = LOAD(u + k + REAL_WIDTH);
#pragma unroll
        for (int c = 0; c < DOT_COLUMNS; c++) {
            even[c] = fma(a, LOAD(v + c * dimension + k), even[c]);
            odd[c] = fma(b, LOAD(v + c * dimension + k + REAL_WIDTH), odd[c]);
        }
    }
    for (; k + REAL_WIDTH <= dimension; k += REAL_WIDTH) {
        real a = LOAD(u + k);
        for (int c = 0; c < DOT_COLUMNS; c++) even[c] = fma(a, LOAD(v + c * dimension + k), even[c]);
    }
    for (int c = 0; c < DOT_COLUMNS; c++) {
        real sum = even[c] + odd[c];
        add_lanes(&sum, product + c);
    }
    for (; k < dimension; k++)
        for (int c = 0; c < DOT_COLUMNS; c++) product[c] += u[k] * v[c * dimension + k];
}

STEP void dot(const scalar *u, const scalar *v, size_t dimension, scalar *product) {
    real even = 0, odd = 0;
    size_t k = 0;
    for (; k + 2 * REAL_WIDTH <= dimension; k += 2 * REAL_WIDTH) {
        even = fma(LOAD(u + k), LOAD(v + k), even);
        odd = fma(LOAD(u + k + REAL_WIDTH), LOAD(v + k + REAL_WIDTH), odd);
    }
    for (; k + REAL_WIDTH <= dimension; k += REAL_WIDTH) even = fma(LOAD(u + k), LOAD(v + k), even);
    even += odd;
    add_lanes(&even, product);
    for (; k < dimension; k++) *product += u[k] * v[k];
}

STEP void correlate_row(size_t columns, size_t dimension, const scalar *u, const scalar *v, scalar *product) {
    size_t j = 0;
    for (; j + DOT_COLUMNS <= columns; j += DOT_COLUMNS) dots(u, v + j * dimension, dimension, product + j);
    for (; j < columns; j++) dot(u, v + j * dimension, dimension, product + j);
}

CLONES void NAME(ntk_accumulate)(size_t columns, size_t dimension, const scalar *w, const scalar *v, size_t stride,
                                 int first, scalar *sum) {
    if (first) memset(sum, 0, dimension * sizeof(scalar));
    size_t j = 0;
    for (; j + SUM_COLUMNS <= columns; j += SUM_COLUMNS) {
        const scalar *at = v + j * stride;
        real factor[SUM_COLUMNS];
        for (int c = 0; c < SUM_COLUMNS; c++) factor[c] = R(w[j + c]);
        size_t k = 0;
        for (; k + REAL_WIDTH <= dimension; k += REAL_WIDTH) {
            real even = LOAD(sum + k), odd = 0;
#pragma unroll
            for (int c = 0; c < SUM_COLUMNS; c += 2) {
                even = fma(factor[c], LOAD(at + c * stride + k), even);
                odd = fma(factor[c + 1], LOAD(at + (c + 1) * stride + k), odd);
            }
            STORE(even + odd, sum + k);
        }
        for (; k < dimension; k++)
            for (int c = 0; c < SUM_COLUMNS; c++) sum[k] += w[j + c] * at[c * stride + k];
    }
    for (; j < columns; j++) {
        const scalar *at = v + j * stride;
        size_t k = 0;
        for (; k + REAL_WIDTH <= dimension; k += REAL_WIDTH)
            STORE(fma(R(w[j]), LOAD(at + k), LOAD(sum + k)), sum + k);
        for (; k < dimension; k++) sum[k] += w[j] * at[k];
    }
}

CLONES void NAME(ntk_turn)(size_t columns, size_t outputs, const double *source, scalar *target) {
    for (size_t o = 0; o < outputs; o++)
        for (size_t j = 0; j < columns; j++) target[o * columns + j] = (scalar)source[j * outputs + o];
}

// One vector of pairs at a time: 16 inputs of 784 floats nearly fit a first-level cache of 48 KiB.
#define GROUP REAL_WIDTH

CLONES void NAME(ntk_row_gradient)(const ntk_program *program, int is_nngp, const inputs_t *rows, size_t row,
                                   const inputs_t *columns, size_t column_begin, size_t column_end,
                                   const double *cotangents, size_t count, size_t outputs, const scalar *weights,
                                   size_t weight_stride, scalar *gradient, double *sums) {
    scalar product[GROUP] = {0}, value[GROUP], tangential[GROUP], radial[GROUP], a[GROUP];
    size_t d = program->dimension;
    for (size_t s = 0; s < 2 * count; s++) sums[s] = 0;
    for (size_t j = column_begin; j < column_end; j += GROUP) {
        size_t valid = column_end - j < GROUP ? column_end - j : GROUP;
        const scalar *centred = columns->centred + j * d;
        correlate_row(valid, d, rows->centred + row * d, centred, product);
        NAME(ntk_tangent)(program, is_nngp, rows, row, row + 1, columns, j, j + valid, product, GROUP, value, tangential,
                          radial, GROUP);
        for (size_t s = 0; s < count; s++) {
            NAME(ntk_weigh)(columns, j, j + valid, outputs, cotangents + s * outputs, weights + j, weight_stride,
                            tangential, radial, a, sums + 2 * s);
            NAME(ntk_accumulate)(valid, d, a, centred, d, j == column_begin, gradient + s * d);
        }
    }
}

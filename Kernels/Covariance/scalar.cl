// The scalar geometry, what its drivers share: the start of a pair, the whole program on it, the results.
//
// The host puts the steps of a covariance program in order as program_variance, program_forward and program_tangent
// (text in front of this file) and one driver behind it: scalar_group.cl, a work-group per tile of pairs, for GPUs, or
// scalar_vector.cl, a work-item per micro-tile of vectors, for processors. Drivers differ in how they get the
// correlations; everything after that is here, on `real`.
//
// Tables of prepared inputs, `stride` = count rounded up to PANEL; inputs past the end have norm zero:
//   centred [stride / PANEL, d, PANEL]  w of pair.cl, or 0: what a tile reads next lies next to what it has read
//   start   [START_NUMBERS, stride]     what a pair starts from
//   slots   [slots, stride]             per-input numbers of every step
//
// PANEL: inputs that a tile or micro-tile takes at a time, as the driver says; given by the host. SUM_BLOCK: terms of a
// long sum that are added up before they join the rest, so that its error does not grow with d; 128 to 512.

#ifndef PANEL
#define PANEL (REAL_WIDTH == 1 ? 64 : 2 * REAL_WIDTH)
#endif
#ifndef SUM_BLOCK
#define SUM_BLOCK 256
#endif

typedef struct {
    GLOBAL const scalar *centred, *start, *slots;
    SIZE stride;
} table;

// A table as arguments of an entry point, and from them.
#define TABLE_PARAMETERS(side)                                                                                         \
    GLOBAL const scalar *side##_centred, GLOBAL const scalar *side##_start, GLOBAL const scalar *side##_slots,         \
        SIZE side##_stride
#define TABLE_OF(side) {side##_centred, side##_start, side##_slots, side##_stride}

// First number of an input; the next is PANEL further on.
#define CENTRED(inputs, index) ((inputs)->centred + (index) / PANEL * PANEL * dimension + (index) % PANEL)

// |w - w'|^2 and |w + w'|^2.
STEP void near_sums(GLOBAL const scalar *w, GLOBAL const scalar *v, SIZE dimension, real *minus, real *plus) {
    *minus = *plus = R(0);
    for (SIZE begin = 0; begin < dimension; begin += SUM_BLOCK) {
        SIZE end = min(begin + SUM_BLOCK, dimension);
        real m = R(0), p = R(0);
        for (SIZE k = begin; k < end; k++) {
            real a = R(w[k * PANEL]), b = LOAD(v + k * PANEL);
            m = fma(a - b, a - b, m);
            p = fma(a + b, a + b, p);
        }
        *minus += m;
        *plus += p;
    }
}

// The pair of row i and the columns from j on with the product of their centred inputs, and what it started from.
STEP void start_of(pair *s, const real *product, const table *rows, SIZE i, const table *columns, SIZE j,
                   SIZE dimension, real *row, real *column) {
    mask_t is_near;
    for (int n = 0; n < START_NUMBERS; n++) {
        row[n] = R(rows->start[n * rows->stride + i]);
        column[n] = LOAD(columns->start + n * columns->stride + j);
    }
    start_pair(s, product, row, column, &is_near);
    if (ANY(is_near)) {
        real minus, plus;
        near_sums(CENTRED(rows, i), CENTRED(columns, j), dimension, &minus, &plus);
        start_near_pair(s, &minus, &plus, row, column, &is_near);
    }
}

// Covariances of row i and the columns from j on, to nngp (where wanted & 1) and ntk (where wanted & 2).
STEP void gram_of(const real *product, const table *rows, SIZE i, const table *columns, SIZE j, SIZE dimension,
                  CONSTANT acc *parameters, int wanted, GLOBAL scalar *nngp, GLOBAL scalar *ntk) {
    pair s;
    real row_start[START_NUMBERS], column_start[START_NUMBERS];
    GLOBAL const scalar *row = rows->slots + i, *column = columns->slots + j;
    start_of(&s, product, rows, i, columns, j, dimension, row_start, column_start);
    program_forward(&s, row, rows->stride, column, columns->stride, parameters);
    real scale = R(row[READOUT * rows->stride]) * LOAD(column + READOUT * columns->stride);
    if (wanted & 1) STORE((1 - s.e) * scale, nngp);
    if (wanted & 2) STORE(s.t * scale, ntk);
}

// result: the covariance and the factors of its gradient in the row input, tangential u' + radial u.
#define VALUE 0
#define TANGENTIAL 1
#define RADIAL 2
#define TANGENT_NUMBERS 3

STEP void tangent_of(const real *product, const table *rows, SIZE i, const table *columns, SIZE j, SIZE dimension,
                     CONSTANT acc *parameters, int is_nngp, real result[TANGENT_NUMBERS]) {
    pair s;
    tangent d;
    real row_start[START_NUMBERS], column_start[START_NUMBERS], rho, across, size = R(dimension);
    GLOBAL const scalar *row = rows->slots + i, *column = columns->slots + j;
    start_of(&s, product, rows, i, columns, j, dimension, row_start, column_start);
    start_tangent(&s, &d, column_start, &size, &rho, &across);
    program_tangent(&s, &d, row, rows->stride, column, columns->stride, parameters);
    scalar norm = rows->start[START_NORM * rows->stride + i];
    real inverse_norm = R(norm > 0 ? 1 / norm : 0);
    real row_read[2], column_read[2];
    for (int n = 0; n < 2; n++) {
        row_read[n] = R(row[(READOUT + n) * rows->stride]);
        column_read[n] = LOAD(column + (READOUT + n) * columns->stride);
    }
    readout_tangent(&s, &d, is_nngp, row_read, column_read, &rho, &across, &inverse_norm, &result[VALUE],
                    &result[TANGENTIAL], &result[RADIAL]);
}

// ---- sums over an input ----------------------------------------------------------------------------------------------------------

// sum += x y; where acc is float, with what rounding drops kept in rest. Any width.
#if ACC_BITS == 64
#define ADD_PRODUCT(type, sum, rest, x, y) (sum) = fma(x, y, sum)
#else
#define ADD_PRODUCT(type, sum, rest, x, y)                                                                             \
    {                                                                                                                  \
        type product = (x) * (y), total = (sum) + product, part = total - (sum);                                       \
        (rest) += ((sum) - (total - part)) + (product - part) + fma(x, y, -product);                                   \
        (sum) = total;                                                                                                 \
    }
#endif

// A power of two that brings the largest |x| near 1, so that no square overflows or vanishes.
STEP acc scale_for(acc largest) {
    return largest > 0 ? ldexp((acc)1, clamp(-ilogb(largest), -126, 126)) : 1;
}

// What a pair starts from, of an input times `scale` with the sum of its squares; w_v and w_w: <w, v> and |w|^2.
STEP void store_start(acc scale, acc square, scalar share, acc w_v, acc w_w, GLOBAL scalar *start, SIZE stride) {
    start[START_NORM * stride] = (scalar)(sqrt(square) / scale);
    start[START_SHARE * stride] = share;
    start[START_REST * stride] = (scalar)w_v;
    start[START_HALF * stride] = (scalar)(w_w / 2);
}

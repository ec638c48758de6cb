// The scalar geometry, what its drivers share: the start of a pair, the whole program on it, the results.
//
// The host puts the steps of a covariance program in order as program_variance, program_forward and program_tangent
// (text in front of this file) and one driver behind it: scalar_group.cl, a work-group per tile of pairs, for GPUs, or
// scalar_vector.cl, a work-item per micro-tile of vectors, for processors. Drivers differ in how they get the
// correlations; everything after that is here, on `real`.
//
// Tables of prepared inputs, `stride` = count rounded up to PANEL; inputs past the end have norm zero:
//   unit   [stride / PANEL, d, PANEL]  x/|x|, or 0: what a tile reads next lies next to what it has read
//   norm   [stride]                    |x|
//   slots  [slots, stride]             per-input numbers of every step
//
// PANEL: inputs that a tile or micro-tile takes at a time, as the driver says; given by the host. SUM_BLOCK: terms of a long sum that are added up before they join the rest, so that its error
// does not grow with d; 128 to 512.

#ifndef PANEL
#define PANEL (REAL_WIDTH == 1 ? 64 : 2 * REAL_WIDTH)
#endif
#ifndef SUM_BLOCK
#define SUM_BLOCK 256
#endif

// Below this e (or c) the correlation of a matrix product has lost digits, and 1 - rho is formed from differences.
#define NEAR (REAL_BITS == 32 ? 1.0 / 64 : 1e-4)

typedef struct {
    GLOBAL const scalar *unit, *norm, *slots;
    SIZE stride;
} table;

// First number of an input; the next is PANEL further on.
#define UNIT(inputs, index) ((inputs)->unit + (index) / PANEL * PANEL * dimension + (index) % PANEL)

// e = |u - u'|^2/2 and c = |u + u'|^2/2, without cancellation.
STEP void near_pair(GLOBAL const scalar *u, GLOBAL const scalar *v, SIZE dimension, real *e, real *c) {
    real minus = R(0), plus = R(0);
    for (SIZE begin = 0; begin < dimension; begin += SUM_BLOCK) {
        SIZE end = min(begin + SUM_BLOCK, dimension);
        real m = R(0), p = R(0);
        for (SIZE k = begin; k < end; k++) {
            real a = R(u[k * PANEL]), b = LOAD(v + k * PANEL);
            m = fma(a - b, a - b, m);
            p = fma(a + b, a + b, p);
        }
        minus += m;
        plus += p;
    }
    minus *= R(0.5);
    plus *= R(0.5);
    *e = SELECT(minus < plus, minus, 2 - plus);
    *c = SELECT(minus < plus, 2 - minus, plus);
}

STEP void start_pair(pair *s, const real *rho, GLOBAL const scalar *u, GLOBAL const scalar *v, SIZE dimension) {
    s->e = 1 - *rho;
    s->c = 1 + *rho;
    s->t = R(0);
    real m = fmin(s->e, s->c);
    if (ANY(m < R(NEAR))) {
        real e, c;
        near_pair(u, v, dimension, &e, &c);
        s->e = SELECT(m < R(NEAR), e, s->e);
        s->c = SELECT(m < R(NEAR), c, s->c);
    }
}

// Covariances of row i and the columns from j on, to nngp (where wanted & 1) and ntk (where wanted & 2).
STEP void gram_of(const real *rho, const table *rows, SIZE i, const table *columns, SIZE j, SIZE dimension,
                  CONSTANT acc *parameters, int wanted, GLOBAL scalar *nngp, GLOBAL scalar *ntk) {
    pair s;
    GLOBAL const scalar *row = rows->slots + i, *column = columns->slots + j;
    start_pair(&s, rho, UNIT(rows, i), UNIT(columns, j), dimension);
    program_forward(&s, row, rows->stride, column, columns->stride, parameters);
    real scale = R(row[READOUT * rows->stride]) * LOAD(column + READOUT * columns->stride);
    if (wanted & 1) STORE((1 - s.e) * scale, nngp);
    if (wanted & 2) STORE(s.t * scale, ntk);
}

// The covariance and the factors of its gradient in the row input: tangential u' + radial u.
STEP void tangent_of(const real *rho, const table *rows, SIZE i, const table *columns, SIZE j, SIZE dimension,
                     CONSTANT acc *parameters, int is_nngp, GLOBAL scalar *value, GLOBAL scalar *tangential,
                     GLOBAL scalar *radial) {
    pair s;
    GLOBAL const scalar *row = rows->slots + i, *column = columns->slots + j;
    start_pair(&s, rho, UNIT(rows, i), UNIT(columns, j), dimension);
    real correlation = 1 - s.e;
    real across = LOAD(columns->norm + j) / R(dimension);
    across = SELECT(s.e * s.c > COLLINEAR, across, R(0));
    scalar norm = rows->norm[i];
    real inverse_norm = R(norm > 0 ? 1 / norm : 0);
    tangent d;
    d.k_k = R(1);
    d.t_k = d.e_l = d.t_l = R(0);
    program_tangent(&s, &d, row, rows->stride, column, columns->stride, parameters);
    real row_read[2], column_read[2], result[3];
    for (int n = 0; n < 2; n++) {
        row_read[n] = R(row[(READOUT + n) * rows->stride]);
        column_read[n] = LOAD(column + (READOUT + n) * columns->stride);
    }
    readout_tangent(&s, &d, is_nngp, row_read, column_read, &correlation, &across, &inverse_norm, &result[0],
                    &result[1], &result[2]);
    STORE(result[0], value);
    STORE(result[1], tangential);
    STORE(result[2], radial);
}

// ---- norms ----------------------------------------------------------------------------------------------------------

// *sum += x^2; where acc is float, with what rounding drops kept in *rest. Any width.
#if ACC_BITS == 64
#define ADD_SQUARE(type, sum, rest, x) (sum) = fma(x, x, sum)
#else
#define ADD_SQUARE(type, sum, rest, x)                                                                                 \
    {                                                                                                                  \
        type product = (x) * (x), total = (sum) + product, part = total - (sum);                                       \
        (rest) += ((sum) - (total - part)) + (product - part) + fma(x, x, -product);                                   \
        (sum) = total;                                                                                                 \
    }
#endif

// A power of two that brings the largest |x| near 1, so that no square overflows or vanishes.
STEP acc scale_for(acc largest) {
    return largest > 0 ? ldexp((acc)1, clamp(-ilogb(largest), -126, 126)) : 1;
}

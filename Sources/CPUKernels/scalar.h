// The scalar geometry for one precision: included by scalar_float32.c and scalar_float64.c.
//
// A program is interpreted step by step over a block of BLOCK pairs (one row, consecutive columns) whose state stays
// in the first-level cache; within a step the loop runs over vectors of pairs.

#include "CPUKernels.h"
#include "prelude.cl"

#include "Covariance/pair.cl"

#include "Covariance/abrelu.cl"
#include "Covariance/dense.cl"
#include "Covariance/smooth.cl"

#include "Covariance/erf.cl"
#include "Covariance/gelu.cl"
#include "Covariance/layer_norm.cl"
#include "Covariance/residual.cl"

#include <string.h>

#include "clones.h"

#define inputs_t NAME(ntk_inputs)
#define BLOCK 256
#define VECTORS (BLOCK / REAL_WIDTH)
#define MAXIMUM_SLOTS 7

// Below this e (or c) the correlation of a matrix product has lost digits, and 1 − ρ is formed from differences.
#define NEAR (REAL_BITS == 32 ? 1.0 / 64 : 1e-4)

// ---- variances per input --------------------------------------------------------------------------------------------

static acc sum_of_squares(const scalar *x, size_t count) {
    typedef double wide __attribute__((ext_vector_type(8)));
    typedef scalar narrow __attribute__((ext_vector_type(8), aligned(sizeof(scalar))));
    wide sum = 0;
    size_t i = 0;
    for (; i + 8 <= count; i += 8) {
        wide v = __builtin_convertvector(*(const narrow *)(x + i), wide);
        sum += v * v;
    }
    acc total = ((sum[0] + sum[4]) + (sum[2] + sum[6])) + ((sum[1] + sum[5]) + (sum[3] + sum[7]));
    for (; i < count; i++) total += (acc)x[i] * x[i];
    return total;
}

static void fill_slots(const ntk_program *program, acc q, scalar *slots, size_t stride) {
    variance stack[NTK_DEPTH];
    variance *v = stack;
    *v = (variance){q, 1};
    for (size_t i = 0; i < program->count; i++) {
        const ntk_step *step = &program->steps[i];
        const acc *p = step->parameters;
        acc slot[MAXIMUM_SLOTS];
        int filled = 0;
        switch (step->opcode) {
        case NTK_DENSE: dense_variance(v, slot, p), filled = 3; break;
        case NTK_ABRELU: abrelu_variance(v, slot, p), filled = 1; break;
        case NTK_ERF: erf_variance(v, slot, p), filled = 7; break;
        case NTK_GELU: gelu_variance(v, slot, p), filled = 7; break;
        case NTK_LAYER_NORM: layer_norm_variance(v, slot, p), filled = 1; break;
        case NTK_FORK: v[1] = v[0], v++; break;
        case NTK_EXCHANGE: {
            variance main = v[0];
            v[0] = v[-1];
            v[-1] = main;
            break;
        }
        case NTK_JOIN:
            join_variance(v, v - 1, slot), filled = 3;
            v[-1] = v[0];
            v--;
            break;
        case NTK_CONV: break;
        }
        for (int s = 0; s < filled; s++) slots[(step->slot + s) * stride] = (scalar)slot[s];
    }
    acc slot[2];
    readout_variance(v, slot);
    for (int s = 0; s < 2; s++) slots[(program->readout + s) * stride] = (scalar)slot[s];
}

void NAME(ntk_prepare)(const ntk_program *program, const scalar *x, size_t begin, size_t end, const inputs_t *inputs) {
    size_t d = program->dimension;
    for (size_t i = begin; i < end; i++) {
        acc square = sum_of_squares(x + i * d, d);
        acc norm = sqrt(square);
        acc inverse = norm > 0 ? 1 / norm : 0;
        for (size_t k = 0; k < d; k++) inputs->unit[i * d + k] = (scalar)(x[i * d + k] * inverse);
        inputs->norm[i] = (scalar)norm;
        fill_slots(program, square / (acc)d, inputs->slots + i, inputs->stride);
    }
}

// ---- the start of a pair --------------------------------------------------------------------------------------------

// e = |u − u'|²/2 and c = |u + u'|²/2, without cancellation.
STEP void near_pair(const scalar *u, const scalar *v, size_t count, scalar *e, scalar *c) {
    real minus = 0, plus = 0;
    size_t i = 0;
    for (; i + REAL_WIDTH <= count; i += REAL_WIDTH) {
        real a = LOAD(u + i), b = LOAD(v + i);
        minus = fma(a - b, a - b, minus);
        plus = fma(a + b, a + b, plus);
    }
    scalar m = 0, p = 0;
    for (int k = 0; k < REAL_WIDTH; k++) m += minus[k], p += plus[k];
    for (; i < count; i++) m += (u[i] - v[i]) * (u[i] - v[i]), p += (u[i] + v[i]) * (u[i] + v[i]);
    *e = m < p ? m / 2 : 2 - p / 2;
    *c = m < p ? 2 - m / 2 : p / 2;
}

STEP void start_pairs(pair *s, size_t vectors, size_t valid, const scalar *rho, const scalar *u, const scalar *v,
                      size_t dimension) {
    for (size_t k = 0; k < vectors; k++) {
        real r = LOAD(rho + k * REAL_WIDTH);
        pair start = {1 - r, 1 + r, R(0)};
        real m = fmin(start.e, start.c);
        if (ANY(m < R(NEAR)))
            for (int lane = 0; lane < REAL_WIDTH && k * REAL_WIDTH + lane < valid; lane++)
                if (m[lane] < (scalar)NEAR) {
                    scalar e, c;
                    near_pair(u, v + (k * REAL_WIDTH + lane) * dimension, dimension, &e, &c);
                    start.e[lane] = e;
                    start.c[lane] = c;
                }
        s[k] = start;
    }
}

// ---- one step over a block ------------------------------------------------------------------------------------------

#define FOR_PAIRS(slot_count, statement)                                                                               \
    {                                                                                                                  \
        real row[slot_count], col[slot_count];                                                                         \
        for (int i = 0; i < slot_count; i++) row[i] = R(row_slots[i * row_stride]);                                    \
        for (size_t k = 0; k < vectors; k++) {                                                                         \
            for (int i = 0; i < slot_count; i++) col[i] = LOAD(column_slots + i * column_stride + k * REAL_WIDTH);     \
            statement;                                                                                                 \
        }                                                                                                              \
    }                                                                                                                  \
    break

STEP void swap_pairs(pair *a, pair *b, size_t vectors) {
    for (size_t k = 0; k < vectors; k++) {
        pair s = a[k];
        a[k] = b[k];
        b[k] = s;
    }
}

STEP void swap_tangents(tangent *a, tangent *b, size_t vectors) {
    for (size_t k = 0; k < vectors; k++) {
        tangent s = a[k];
        a[k] = b[k];
        b[k] = s;
    }
}

// Runs the program on `vectors` vectors of pairs; the result is left in stack[0].
STEP void forward_block(const ntk_program *program, size_t vectors, const scalar *row_at, size_t row_stride,
                        const scalar *columns_at, size_t column_stride, pair stack[NTK_DEPTH][VECTORS]) {
    size_t top = 0;
    for (size_t n = 0; n < program->count; n++) {
        const ntk_step *step = &program->steps[n];
        const acc *p = step->parameters;
        const scalar *row_slots = row_at + step->slot * row_stride;
        const scalar *column_slots = columns_at + step->slot * column_stride;
        pair *s = stack[top];
        switch (step->opcode) {
        case NTK_DENSE: FOR_PAIRS(2, dense_forward(&s[k], row, col, p));
        case NTK_ABRELU: FOR_PAIRS(1, abrelu_forward(&s[k], row, col, p));
        case NTK_ERF: FOR_PAIRS(7, erf_forward(&s[k], row, col, p));
        case NTK_GELU: FOR_PAIRS(7, gelu_forward(&s[k], row, col, p));
        case NTK_LAYER_NORM: break;
        case NTK_CONV: break;
        case NTK_FORK: memcpy(stack[++top], s, vectors * sizeof(pair)); break;
        case NTK_EXCHANGE: swap_pairs(s, stack[top - 1], vectors); break;
        case NTK_JOIN:
            top--;
            FOR_PAIRS(2, (join_forward(&s[k], &stack[top][k], row, col), stack[top][k] = s[k]));
        }
    }
}

STEP void tangent_block(const ntk_program *program, size_t vectors, const scalar *row_at, size_t row_stride,
                        const scalar *columns_at, size_t column_stride, pair stack[NTK_DEPTH][VECTORS],
                        tangent slopes[NTK_DEPTH][VECTORS]) {
    size_t top = 0;
    for (size_t n = 0; n < program->count; n++) {
        const ntk_step *step = &program->steps[n];
        const acc *p = step->parameters;
        const scalar *row_slots = row_at + step->slot * row_stride;
        const scalar *column_slots = columns_at + step->slot * column_stride;
        pair *s = stack[top];
        tangent *d = slopes[top];
        switch (step->opcode) {
        case NTK_DENSE: FOR_PAIRS(3, dense_tangent(&s[k], &d[k], row, col, p));
        case NTK_ABRELU: FOR_PAIRS(1, abrelu_tangent(&s[k], &d[k], row, col, p));
        case NTK_ERF: FOR_PAIRS(7, erf_tangent(&s[k], &d[k], row, col, p));
        case NTK_GELU: FOR_PAIRS(7, gelu_tangent(&s[k], &d[k], row, col, p));
        case NTK_LAYER_NORM: FOR_PAIRS(1, layer_norm_tangent(&s[k], &d[k], row, col, p));
        case NTK_CONV: break;
        case NTK_FORK:
            top++;
            memcpy(stack[top], s, vectors * sizeof(pair));
            memcpy(slopes[top], d, vectors * sizeof(tangent));
            break;
        case NTK_EXCHANGE:
            swap_pairs(s, stack[top - 1], vectors);
            swap_tangents(d, slopes[top - 1], vectors);
            break;
        case NTK_JOIN:
            top--;
            FOR_PAIRS(3, (join_tangent(&s[k], &d[k], &stack[top][k], &slopes[top][k], row, col),
                          stack[top][k] = s[k], slopes[top][k] = d[k]));
        }
    }
}

// ---- entry points ---------------------------------------------------------------------------------------------------

STEP void store_block(scalar *target, const real *source, size_t valid) {
    memcpy(target, source, valid * sizeof(scalar));
}

CLONES void NAME(ntk_forward)(const ntk_program *program, const inputs_t *rows, size_t row_begin, size_t row_end,
                              const inputs_t *columns, size_t column_begin, size_t column_end, int triangular,
                              const scalar *rho, size_t rho_stride, scalar *nngp, scalar *ntk, size_t stride) {
    pair stack[NTK_DEPTH][VECTORS];
    real value[VECTORS];
    size_t d = program->dimension;
    for (size_t i = row_begin; i < row_end; i++) {
        size_t end = triangular && i + 1 < column_end ? i + 1 : column_end;
        for (size_t j = column_begin; j < end; j += BLOCK) {
            size_t valid = end - j < BLOCK ? end - j : BLOCK;
            size_t vectors = (valid + REAL_WIDTH - 1) / REAL_WIDTH;
            size_t offset = (i - row_begin) * rho_stride + (j - column_begin);
            size_t target = (i - row_begin) * stride + (j - column_begin);
            start_pairs(stack[0], vectors, valid, rho + offset, rows->unit + i * d, columns->unit + j * d, d);
            forward_block(program, vectors, rows->slots + i, rows->stride, columns->slots + j, columns->stride, stack);
            real scale = R(rows->slots[program->readout * rows->stride + i]);
            const scalar *scales = columns->slots + program->readout * columns->stride + j;
            if (ntk) {
                for (size_t k = 0; k < vectors; k++)
                    value[k] = stack[0][k].t * scale * LOAD(scales + k * REAL_WIDTH);
                store_block(ntk + target, value, valid);
            }
            if (nngp) {
                for (size_t k = 0; k < vectors; k++)
                    value[k] = (1 - stack[0][k].e) * scale * LOAD(scales + k * REAL_WIDTH);
                store_block(nngp + target, value, valid);
            }
        }
    }
}

CLONES void NAME(ntk_tangent)(const ntk_program *program, int is_nngp, const inputs_t *rows, size_t row_begin,
                              size_t row_end, const inputs_t *columns, size_t column_begin, size_t column_end,
                              const scalar *rho, size_t rho_stride, scalar *value, scalar *tangential,
                              scalar *radial, size_t stride) {
    pair stack[NTK_DEPTH][VECTORS];
    tangent slopes[NTK_DEPTH][VECTORS];
    real correlation[VECTORS], across[VECTORS], result[3][VECTORS];
    size_t d = program->dimension;
    for (size_t i = row_begin; i < row_end; i++) {
        real inverse_norm = R(rows->norm[i] > 0 ? 1 / rows->norm[i] : 0);
        for (size_t j = column_begin; j < column_end; j += BLOCK) {
            size_t valid = column_end - j < BLOCK ? column_end - j : BLOCK;
            size_t vectors = (valid + REAL_WIDTH - 1) / REAL_WIDTH;
            size_t offset = (i - row_begin) * rho_stride + (j - column_begin);
            size_t target = (i - row_begin) * stride + (j - column_begin);
            pair *start = stack[0];
            start_pairs(start, vectors, valid, rho + offset, rows->unit + i * d, columns->unit + j * d, d);
            for (size_t k = 0; k < vectors; k++) {
                real norm = LOAD(columns->norm + j + k * REAL_WIDTH) / (scalar)d;
                correlation[k] = 1 - start[k].e;
                across[k] = SELECT(start[k].e * start[k].c > COLLINEAR, norm, R(0));
                slopes[0][k] = (tangent){R(1), R(0), R(0), R(0)};
            }
            const scalar *row_at = rows->slots + i, *columns_at = columns->slots + j;
            tangent_block(program, vectors, row_at, rows->stride, columns_at, columns->stride, stack, slopes);
            for (size_t k = 0; k < vectors; k++) {
                real row[2], col[2];
                for (int n = 0; n < 2; n++) {
                    row[n] = R(row_at[(program->readout + n) * rows->stride]);
                    col[n] = LOAD(columns_at + (program->readout + n) * columns->stride + k * REAL_WIDTH);
                }
                readout_tangent(&stack[0][k], &slopes[0][k], is_nngp, row, col, &correlation[k], &across[k],
                                &inverse_norm, &result[0][k], &result[1][k], &result[2][k]);
            }
            store_block(value + target, result[0], valid);
            store_block(tangential + target, result[1], valid);
            store_block(radial + target, result[2], valid);
        }
    }
}

CLONES void NAME(ntk_weigh)(size_t columns, size_t outputs, const double *cotangent, const scalar *weights,
                            size_t weight_stride, const scalar *tangential, const scalar *radial, scalar *w,
                            double *sum) {
    for (size_t j = 0; j < columns; j += BLOCK) {
        size_t valid = columns - j < BLOCK ? columns - j : BLOCK;
        real total = 0;
        size_t k = 0;
        for (; k + REAL_WIDTH <= valid; k += REAL_WIDTH) {
            real c = 0;
            for (size_t o = 0; o < outputs; o++)
                c = fma(R(cotangent[o]), LOAD(weights + o * weight_stride + j + k), c);
            STORE(c * LOAD(tangential + j + k), w + j + k);
            total = fma(c, LOAD(radial + j + k), total);
        }
        double block = 0;
        for (int lane = 0; lane < REAL_WIDTH; lane++) block += total[lane];
        for (; k < valid; k++) {
            scalar c = 0;
            for (size_t o = 0; o < outputs; o++) c += (scalar)cotangent[o] * weights[o * weight_stride + j + k];
            w[j + k] = c * tangential[j + k];
            block += (double)c * radial[j + k];
        }
        *sum += block;
    }
}

#include "row.h"

CLONES void NAME(ntk_predict)(size_t columns, size_t outputs, const scalar *value, const double *weights,
                              size_t weight_stride, double *f) {
    typedef double wide __attribute__((ext_vector_type(8)));
    typedef double unaligned_wide __attribute__((ext_vector_type(8), aligned(8)));
    typedef scalar narrow __attribute__((ext_vector_type(8), aligned(sizeof(scalar))));
    for (size_t o = 0; o < outputs; o++) {
        const double *weight = weights + o * weight_stride;
        wide total = 0;
        size_t j = 0;
        for (; j + 8 <= columns; j += 8) {
            wide v = __builtin_convertvector(*(const narrow *)(value + j), wide);
            total = fma(v, *(const unaligned_wide *)(weight + j), total);
        }
        double sum = 0;
        for (int lane = 0; lane < 8; lane++) sum += total[lane];
        for (; j < columns; j++) sum += (double)value[j] * weight[j];
        f[o] = sum;
    }
}

CLONES void NAME(ntk_finish_gradient)(size_t dimension, const scalar *unit, double sum, scalar *gradient) {
    for (size_t k = 0; k < dimension; k++) gradient[k] += (scalar)sum * unit[k];
}

#define TRANSPOSE_BLOCK 16

CLONES void NAME(ntk_transpose)(size_t rows, size_t columns, const scalar *source, size_t source_stride, scalar *target,
                                size_t target_stride) {
    scalar block[TRANSPOSE_BLOCK][TRANSPOSE_BLOCK];
    for (size_t i = 0; i < rows; i += TRANSPOSE_BLOCK) {
        size_t height = rows - i < TRANSPOSE_BLOCK ? rows - i : TRANSPOSE_BLOCK;
        for (size_t j = 0; j < columns; j += TRANSPOSE_BLOCK) {
            size_t width = columns - j < TRANSPOSE_BLOCK ? columns - j : TRANSPOSE_BLOCK;
            for (size_t a = 0; a < height; a++)
                for (size_t b = 0; b < width; b++) block[b][a] = source[(i + a) * source_stride + j + b];
            for (size_t b = 0; b < width; b++)
                memcpy(target + (j + b) * target_stride + i, block[b], height * sizeof(scalar));
        }
    }
}

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

#include "scalar_prepare.h"

// ---- the start of a pair --------------------------------------------------------------------------------------------

// |w − w'|² and |w + w'|².
STEP void near_sums(const scalar *w, const scalar *v, size_t count, scalar *minus_sum, scalar *plus_sum) {
    real minus = 0, plus = 0;
    size_t i = 0;
    for (; i + REAL_WIDTH <= count; i += REAL_WIDTH) {
        real a = LOAD(w + i), b = LOAD(v + i);
        minus = fma(a - b, a - b, minus);
        plus = fma(a + b, a + b, plus);
    }
    scalar m = 0, p = 0;
    for (int k = 0; k < REAL_WIDTH; k++) m += minus[k], p += plus[k];
    for (; i < count; i++) m += (w[i] - v[i]) * (w[i] - v[i]), p += (w[i] + v[i]) * (w[i] + v[i]);
    *minus_sum = m;
    *plus_sum = p;
}

STEP void load_row_start(const inputs_t *rows, size_t i, real *row) {
    for (int n = 0; n < START_NUMBERS; n++) row[n] = R(rows->start[n * rows->stride + i]);
}

STEP void load_column_start(const inputs_t *columns, size_t j, real *column) {
    for (int n = 0; n < START_NUMBERS; n++) column[n] = LOAD(columns->start + n * columns->stride + j);
}

// Row i and the `valid` columns from j on, with the products of their centred inputs.
STEP void start_pairs(pair *s, size_t vectors, size_t valid, const scalar *product, const inputs_t *rows, size_t i,
                      const inputs_t *columns, size_t j, size_t dimension) {
    real row[START_NUMBERS], column[START_NUMBERS];
    load_row_start(rows, i, row);
    for (size_t k = 0; k < vectors; k++) {
        real own = LOAD(product + k * REAL_WIDTH);
        mask_t is_near;
        load_column_start(columns, j + k * REAL_WIDTH, column);
        start_pair(&s[k], &own, row, column, &is_near);
        if (ANY(is_near)) {
            real minus = 0, plus = 0;
            for (int lane = 0; lane < REAL_WIDTH && k * REAL_WIDTH + lane < valid; lane++)
                if (is_near[lane]) {
                    scalar m, p;
                    near_sums(rows->centred + i * dimension,
                              columns->centred + (j + k * REAL_WIDTH + lane) * dimension, dimension, &m, &p);
                    minus[lane] = m;
                    plus[lane] = p;
                }
            start_near_pair(&s[k], &minus, &plus, row, column, &is_near);
        }
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
                              const scalar *product, size_t product_stride, scalar *nngp, scalar *ntk, size_t stride) {
    pair stack[NTK_DEPTH][VECTORS];
    real value[VECTORS];
    size_t d = program->dimension;
    for (size_t i = row_begin; i < row_end; i++) {
        size_t end = triangular && i + 1 < column_end ? i + 1 : column_end;
        for (size_t j = column_begin; j < end; j += BLOCK) {
            size_t valid = end - j < BLOCK ? end - j : BLOCK;
            size_t vectors = (valid + REAL_WIDTH - 1) / REAL_WIDTH;
            size_t offset = (i - row_begin) * product_stride + (j - column_begin);
            size_t target = (i - row_begin) * stride + (j - column_begin);
            start_pairs(stack[0], vectors, valid, product + offset, rows, i, columns, j, d);
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
                              const scalar *product, size_t product_stride, scalar *value, scalar *tangential,
                              scalar *radial, size_t stride) {
    pair stack[NTK_DEPTH][VECTORS];
    tangent slopes[NTK_DEPTH][VECTORS];
    real rho[VECTORS], across[VECTORS], result[3][VECTORS];
    size_t d = program->dimension;
    real size = R(d);
    for (size_t i = row_begin; i < row_end; i++) {
        scalar norm = rows->start[START_NORM * rows->stride + i];
        real inverse_norm = R(norm > 0 ? 1 / norm : 0);
        for (size_t j = column_begin; j < column_end; j += BLOCK) {
            size_t valid = column_end - j < BLOCK ? column_end - j : BLOCK;
            size_t vectors = (valid + REAL_WIDTH - 1) / REAL_WIDTH;
            size_t offset = (i - row_begin) * product_stride + (j - column_begin);
            size_t target = (i - row_begin) * stride + (j - column_begin);
            start_pairs(stack[0], vectors, valid, product + offset, rows, i, columns, j, d);
            for (size_t k = 0; k < vectors; k++) {
                real column[START_NUMBERS];
                load_column_start(columns, j + k * REAL_WIDTH, column);
                start_tangent(&stack[0][k], &slopes[0][k], column, &size, &rho[k], &across[k]);
            }
            const scalar *row_at = rows->slots + i, *columns_at = columns->slots + j;
            tangent_block(program, vectors, row_at, rows->stride, columns_at, columns->stride, stack, slopes);
            for (size_t k = 0; k < vectors; k++) {
                real row[2], col[2];
                for (int n = 0; n < 2; n++) {
                    row[n] = R(row_at[(program->readout + n) * rows->stride]);
                    col[n] = LOAD(columns_at + (program->readout + n) * columns->stride + k * REAL_WIDTH);
                }
                readout_tangent(&stack[0][k], &slopes[0][k], is_nngp, row, col, &rho[k], &across[k],
                                &inverse_norm, &result[0][k], &result[1][k], &result[2][k]);
            }
            store_block(value + target, result[0], valid);
            store_block(tangential + target, result[1], valid);
            store_block(radial + target, result[2], valid);
        }
    }
}

#include "scalar_gradient.h"

#include "row.h"

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

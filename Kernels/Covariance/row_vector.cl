// Gradients of a few rows on a processor: a work-item per part of columns, explicit vectors. Formulas, shapes and
// arguments: row.cl. [parts] work-items in groups of one.
//
// CHAINS: products in flight per vector of columns, NUMBERS: numbers of a gradient in flight; both hide the latency of
// a fused multiply-add.

#define CHAINS 4
#define NUMBERS 8

// Products of one row with a panel of columns.
STEP void correlate_row(__local const scalar *u, GLOBAL const scalar *v, SIZE dimension, real product[2]) {
    product[0] = product[1] = R(0);
    for (SIZE begin = 0; begin < dimension; begin += SUM_BLOCK) {
        SIZE end = min(begin + SUM_BLOCK, dimension), k = begin;
        real sum[CHAINS][2];
#pragma unroll
        for (int c = 0; c < CHAINS; c++) sum[c][0] = sum[c][1] = R(0);
        for (; k + CHAINS <= end; k += CHAINS)
#pragma unroll
            for (int c = 0; c < CHAINS; c++) {
                real row = R(u[k + c]);
                sum[c][0] = fma(row, LOAD(v + (k + c) * PANEL), sum[c][0]);
                sum[c][1] = fma(row, LOAD(v + (k + c) * PANEL + REAL_WIDTH), sum[c][1]);
            }
        for (; k < end; k++) {
            sum[0][0] = fma(R(u[k]), LOAD(v + k * PANEL), sum[0][0]);
            sum[0][1] = fma(R(u[k]), LOAD(v + k * PANEL + REAL_WIDTH), sum[0][1]);
        }
#pragma unroll
        for (int h = 0; h < 2; h++) product[h] += (sum[0][h] + sum[1][h]) + (sum[2][h] + sum[3][h]);
    }
}

// a = c tangential of a chunk, and what it adds to the sums of c radial and of a s.
STEP void weigh_row(GLOBAL const acc *cotangent, GLOBAL const acc *weights, SIZE outputs, SIZE j, SIZE width,
                    SIZE column_count, const scalar *tangential, const scalar *radial, GLOBAL const scalar *share,
                    scalar *a, acc *sum, acc *level) {
    real radial_sum = R(0), share_sum = R(0);
    for (SIZE n = 0; n < width; n += REAL_WIDTH) {
        scalar lanes[REAL_WIDTH];
        for (int lane = 0; lane < REAL_WIDTH; lane++)
            lanes[lane] = coefficient_of(cotangent, weights, outputs, j + n + lane, column_count);
        real c = LOAD(lanes), across = c * LOAD(tangential + n);
        STORE(across, a + n);
        radial_sum = fma(c, LOAD(radial + n), radial_sum);
        share_sum = fma(across, LOAD(share + j + n), share_sum);
    }
    *sum += sum_of(&radial_sum);
    *level += sum_of(&share_sum);
}

// `count` numbers of a gradient from number k on; a count that the compiler knows keeps the sums in registers.
STEP void add_numbers(int count, const scalar *a, SIZE width, GLOBAL const scalar *v, SIZE dimension, SIZE k,
                      int is_first, GLOBAL scalar *gradient) {
    real sum[NUMBERS];
#pragma unroll
    for (int n = 0; n < count; n++) sum[n] = R(0);
    for (SIZE j = 0; j < width; j += PANEL) {
        real first = LOAD(a + j), second = LOAD(a + j + REAL_WIDTH);
        GLOBAL const scalar *at = v + j * dimension + k * PANEL;
#pragma unroll
        for (int n = 0; n < count; n++) {
            sum[n] = fma(first, LOAD(at + n * PANEL), sum[n]);
            sum[n] = fma(second, LOAD(at + n * PANEL + REAL_WIDTH), sum[n]);
        }
    }
#pragma unroll
    for (int n = 0; n < count; n++) gradient[k + n] = sum_of(&sum[n]) + (is_first ? 0 : gradient[k + n]);
}

__kernel void row_gradient(ROW_PARAMETERS) {
    SIZE part = get_global_id(0), parts = get_global_size(0), rows_of_part = row_count * count;
    SIZE begin = part * part_width, end = min(begin + part_width, column_stride);
    table rows = TABLE_OF(row), columns = TABLE_OF(column);
    GLOBAL const scalar *share = column_start + START_SHARE * column_stride;
    for (SIZE i = 0; i < row_count; i++)
        for (SIZE k = 0; k < dimension; k++) points[i * dimension + k] = CENTRED(&rows, i)[k * PANEL];

    for (SIZE j = begin; j < end; j += chunk) {
        SIZE width = min(chunk, end - j);
        GLOBAL const scalar *v = CENTRED(&columns, j);
        for (SIZE i = 0; i < row_count; i++) {
            scalar tangential[CHUNK_LIMIT], radial[CHUNK_LIMIT], a[CHUNK_LIMIT];
            for (SIZE n = 0; n < width; n += PANEL) {
                real product[2], result[TANGENT_NUMBERS];
                correlate_row(points + i * dimension, v + n * dimension, dimension, product);
                for (int h = 0; h < 2; h++) {
                    SIZE at = n + h * REAL_WIDTH;
                    tangent_of(&product[h], &rows, i, &columns, j + at, dimension, parameters, is_nngp, result);
                    STORE(result[TANGENTIAL], tangential + at);
                    STORE(result[RADIAL], radial + at);
                }
            }
            for (SIZE s = 0; s < count; s++) {
                SIZE r = i * count + s, k = 0;
                acc sum = 0, level = 0;
                GLOBAL scalar *gradient = partial + (part * rows_of_part + r) * dimension;
                weigh_row(cotangents + r * outputs, weights, outputs, j, width, column_count, tangential, radial, share,
                          a, &sum, &level);
                sums[part * rows_of_part + r] = sum + (j == begin ? 0 : sums[part * rows_of_part + r]);
                sums[(parts + part) * rows_of_part + r] =
                    level + (j == begin ? 0 : sums[(parts + part) * rows_of_part + r]);
                for (; k + NUMBERS <= dimension; k += NUMBERS)
                    add_numbers(NUMBERS, a, width, v, dimension, k, j == begin, gradient);
                for (; k < dimension; k++) add_numbers(1, a, width, v, dimension, k, j == begin, gradient);
            }
        }
    }
}

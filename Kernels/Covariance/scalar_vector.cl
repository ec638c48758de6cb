// The scalar geometry on a processor: one work-item computes ROWS x 2 vectors of pairs, correlations in registers.
//
// Launch: gram and tangent [row strips, column panels] in groups of one, strips first: a panel of columns stays in the
// second-level cache while strips of rows pass by. Rows and columns outside the wanted range are computed but not
// stored, or stored to the padding of a row.
// REAL_WIDTH: 16 in float32, 8 in float64. ROWS: 8 (16 sums, 2 columns, 8 rows in 32 registers); 4 for 16 registers.
// PANEL is 2 REAL_WIDTH. Tables: scalar.cl.

#ifndef ROWS
#define ROWS 8
#endif

STEP void correlate(GLOBAL const scalar *u, GLOBAL const scalar *v, SIZE dimension, real rho[ROWS][2]) {
#pragma unroll
    for (int r = 0; r < ROWS; r++) rho[r][0] = rho[r][1] = R(0);
    for (SIZE begin = 0; begin < dimension; begin += SUM_BLOCK) {
        SIZE end = min(begin + SUM_BLOCK, dimension);
        real sum[ROWS][2];
#pragma unroll
        for (int r = 0; r < ROWS; r++) sum[r][0] = sum[r][1] = R(0);
        for (SIZE k = begin; k < end; k++) {
            real first = LOAD(v + k * PANEL), second = LOAD(v + k * PANEL + REAL_WIDTH);
#pragma unroll
            for (int r = 0; r < ROWS; r++) {
                real row = R(u[k * PANEL + r]);
                sum[r][0] = fma(row, first, sum[r][0]);
                sum[r][1] = fma(row, second, sum[r][1]);
            }
        }
#pragma unroll
        for (int r = 0; r < ROWS; r++) rho[r][0] += sum[r][0], rho[r][1] += sum[r][1];
    }
}

// Per input: unit, norm, slots. [stride] work-items.
// x  [count, d], row-major
__kernel void prepare(CONSTANT acc *parameters, GLOBAL const scalar *x, SIZE count, SIZE dimension,
                      GLOBAL scalar *unit, GLOBAL scalar *norm, GLOBAL scalar *slots, SIZE stride) {
    SIZE i = get_global_id(0);
    if (i >= stride) return;
    SIZE size = i < count ? dimension : 0;
    GLOBAL const scalar *from = x + (i < count ? i : 0) * dimension;
    acc largest = 0;
    for (SIZE k = 0; k < size; k++) largest = fmax(largest, fabs((acc)from[k]));
    acc scale = scale_for(largest);
    acc8 sums = 0, rests = 0;
    SIZE k = 0;
    for (; k + 8 <= size; k += 8) {
        acc8 v = convert_acc8(vload8(0, from + k)) * scale;
        ADD_SQUARE(acc8, sums, rests, v);
    }
    acc sum = 0, rest = 0;
    for (; k < size; k++) {
        acc v = from[k] * scale;
        ADD_SQUARE(acc, sum, rest, v);
    }
    sums += rests;
    acc square = ((sums.s0 + sums.s4) + (sums.s2 + sums.s6)) + ((sums.s1 + sums.s5) + (sums.s3 + sums.s7)) + (sum + rest);
    acc inverse = square > 0 ? scale / sqrt(square) : 0;
    GLOBAL scalar *to = unit + i / PANEL * PANEL * dimension + i % PANEL;
    for (k = 0; k < dimension; k++) to[k * PANEL] = i < count ? (scalar)(from[k] * inverse) : 0;
    norm[i] = (scalar)(sqrt(square) / scale);
    program_variance(square / dimension / scale / scale, slots + i, stride, parameters);
}

// Covariances of the rows row_begin ..< row_end and the panels from first_panel on.
// nngp, ntk  [row_end - row_begin, width], a column per launched column
__kernel void gram(CONSTANT acc *parameters, GLOBAL const scalar *row_unit, GLOBAL const scalar *row_slots,
                   SIZE row_stride, SIZE row_begin, SIZE row_end, GLOBAL const scalar *column_unit,
                   GLOBAL const scalar *column_slots, SIZE column_stride, SIZE first_panel, SIZE width, SIZE dimension,
                   int triangular, int wanted, GLOBAL scalar *nngp, GLOBAL scalar *ntk) {
    SIZE i = (row_begin / ROWS + get_global_id(0)) * ROWS;
    SIZE j = (first_panel + get_global_id(1)) * PANEL;
    if (triangular && j >= i + ROWS) return;
    table rows = {row_unit, 0, row_slots, row_stride}, columns = {column_unit, 0, column_slots, column_stride};
    real rho[ROWS][2];
    correlate(UNIT(&rows, i), UNIT(&columns, j), dimension, rho);
    for (SIZE r = 0; r < ROWS; r++) {
        if (i + r < row_begin || i + r >= row_end) continue;
        for (SIZE h = 0; h < 2; h++) {
            SIZE column = j + h * REAL_WIDTH;
            if (triangular && column > i + r) continue;
            SIZE target = (i + r - row_begin) * width + (column - first_panel * PANEL);
            gram_of(&rho[r][h], &rows, i + r, &columns, column, dimension, parameters, wanted, nngp + target,
                    ntk + target);
        }
    }
}

// Covariances of all rows and columns with the factors of their gradient.
// value, tangential, radial  [row_count, column_stride]
__kernel void linearize(CONSTANT acc *parameters, GLOBAL const scalar *row_unit, GLOBAL const scalar *row_norm,
                        GLOBAL const scalar *row_slots, SIZE row_stride, SIZE row_count,
                        GLOBAL const scalar *column_unit, GLOBAL const scalar *column_norm,
                        GLOBAL const scalar *column_slots, SIZE column_stride, SIZE dimension, int is_nngp,
                        GLOBAL scalar *value, GLOBAL scalar *tangential, GLOBAL scalar *radial) {
    SIZE i = get_global_id(0) * ROWS, j = get_global_id(1) * PANEL;
    table rows = {row_unit, row_norm, row_slots, row_stride};
    table columns = {column_unit, column_norm, column_slots, column_stride};
    real rho[ROWS][2];
    correlate(UNIT(&rows, i), UNIT(&columns, j), dimension, rho);
    for (SIZE r = 0; r < ROWS && i + r < row_count; r++)
        for (SIZE h = 0; h < 2; h++) {
            SIZE column = j + h * REAL_WIDTH, target = (i + r) * column_stride + column;
            tangent_of(&rho[r][h], &rows, i + r, &columns, column, dimension, parameters, is_nngp, value + target,
                       tangential + target, radial + target);
        }
}

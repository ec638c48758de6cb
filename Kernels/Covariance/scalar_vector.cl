// The scalar geometry on a processor: one work-item computes ROWS x 2 vectors of pairs, products in registers.
//
// Launch: gram and tangent [row strips, column panels] in groups of one, strips first: a panel of columns stays in the
// second-level cache while strips of rows pass by. Rows and columns outside the wanted range are computed but not
// stored, or stored to the padding of a row.
// REAL_WIDTH: 16 in float32, 8 in float64. ROWS: 8 (16 sums, 2 columns, 8 rows in 32 registers); 4 for 16 registers.
// PANEL is 2 REAL_WIDTH. Tables: scalar.cl.

#ifndef ROWS
#define ROWS 8
#endif

STEP void correlate(GLOBAL const scalar *u, GLOBAL const scalar *v, SIZE dimension, real product[ROWS][2]) {
#pragma unroll
    for (int r = 0; r < ROWS; r++) product[r][0] = product[r][1] = R(0);
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
        for (int r = 0; r < ROWS; r++) product[r][0] += sum[r][0], product[r][1] += sum[r][1];
    }
}

// The sum of eight, in a fixed order.
STEP acc sum_of_eight(const acc8 *v) {
    return ((v->s0 + v->s4) + (v->s2 + v->s6)) + ((v->s1 + v->s5) + (v->s3 + v->s7));
}

// Per input: centred, start, slots. [stride] work-items.
// x          [count, d], row-major
// direction  [d]: v
__kernel void prepare(CONSTANT acc *parameters, GLOBAL const scalar *x, SIZE count, GLOBAL const acc *direction,
                      SIZE dimension, GLOBAL scalar *centred, GLOBAL scalar *start, GLOBAL scalar *slots,
                      SIZE stride) {
    SIZE i = get_global_id(0);
    if (i >= stride) return;
    SIZE size = i < count ? dimension : 0;
    GLOBAL const scalar *from = x + (i < count ? i : 0) * dimension;
    GLOBAL scalar *to = centred + i / PANEL * PANEL * dimension + i % PANEL;
    SIZE k, whole = size / 8 * 8;
    acc largest = 0;
    for (k = 0; k < size; k++) largest = fmax(largest, fabs((acc)from[k]));
    acc scale = scale_for(largest);

    acc8 squares = 0, sums = 0, square_rests = 0, sum_rests = 0;
    acc square = 0, sum = 0, square_rest = 0, sum_rest = 0;
    for (k = 0; k < whole; k += 8) {
        acc8 v = convert_acc8(vload8(0, from + k)) * scale, along = vload8(0, direction + k);
        ADD_PRODUCT(acc8, squares, square_rests, v, v);
        ADD_PRODUCT(acc8, sums, sum_rests, v, along);
    }
    for (; k < size; k++) {
        acc v = from[k] * scale;
        ADD_PRODUCT(acc, square, square_rest, v, v);
        ADD_PRODUCT(acc, sum, sum_rest, v, direction[k]);
    }
    square += sum_of_eight(&squares) + (sum_of_eight(&square_rests) + square_rest);
    sum += sum_of_eight(&sums) + (sum_of_eight(&sum_rests) + sum_rest);

    acc inverse = square > 0 ? 1 / sqrt(square) : 0;
    scalar share = (scalar)(sum * inverse);
    acc8 w_vs = 0, w_ws = 0, w_v_rests = 0, w_w_rests = 0;
    acc w_v = 0, w_w = 0, w_v_rest = 0, w_w_rest = 0;
    for (k = 0; k < whole; k += 8) {
        acc8 along = vload8(0, direction + k);
        scalar8 w = convert_scalar8(convert_acc8(vload8(0, from + k)) * scale * inverse - share * along);
        acc8 wide = convert_acc8(w);
        ADD_PRODUCT(acc8, w_vs, w_v_rests, wide, along);
        ADD_PRODUCT(acc8, w_ws, w_w_rests, wide, wide);
        scalar part[8];
        vstore8(w, 0, part);
#pragma unroll
        for (int n = 0; n < 8; n++) to[(k + n) * PANEL] = part[n];
    }
    for (; k < dimension; k++) {
        scalar w = k < size ? (scalar)(from[k] * scale * inverse - share * direction[k]) : 0;
        acc wide = w;
        ADD_PRODUCT(acc, w_v, w_v_rest, wide, direction[k]);
        ADD_PRODUCT(acc, w_w, w_w_rest, wide, wide);
        to[k * PANEL] = w;
    }
    w_v += sum_of_eight(&w_vs) + (sum_of_eight(&w_v_rests) + w_v_rest);
    w_w += sum_of_eight(&w_ws) + (sum_of_eight(&w_w_rests) + w_w_rest);
    store_start(scale, square, share, w_v, w_w, start + i, stride);
    program_variance(square / dimension / scale / scale, slots + i, stride, parameters);
}

// Covariances of the rows row_begin ..< row_end and the panels from first_panel on.
// nngp, ntk  [row_end - row_begin, width], a column per launched column
__kernel void gram(CONSTANT acc *parameters, TABLE_PARAMETERS(row), SIZE row_begin, SIZE row_end,
                   TABLE_PARAMETERS(column), SIZE first_panel, SIZE width, SIZE dimension, int triangular, int wanted,
                   GLOBAL scalar *nngp, GLOBAL scalar *ntk) {
    SIZE i = (row_begin / ROWS + get_global_id(0)) * ROWS;
    SIZE j = (first_panel + get_global_id(1)) * PANEL;
    if (triangular && j >= i + ROWS) return;
    table rows = TABLE_OF(row), columns = TABLE_OF(column);
    real product[ROWS][2];
    correlate(CENTRED(&rows, i), CENTRED(&columns, j), dimension, product);
    for (SIZE r = 0; r < ROWS; r++) {
        if (i + r < row_begin || i + r >= row_end) continue;
        for (SIZE h = 0; h < 2; h++) {
            SIZE column = j + h * REAL_WIDTH;
            if (triangular && column > i + r) continue;
            SIZE target = (i + r - row_begin) * width + (column - first_panel * PANEL);
            gram_of(&product[r][h], &rows, i + r, &columns, column, dimension, parameters, wanted, nngp + target,
                    ntk + target);
        }
    }
}

// Covariances of all rows and columns with the factors of their gradient.
// value, tangential, radial  [row_count, column_stride]
__kernel void linearize(CONSTANT acc *parameters, TABLE_PARAMETERS(row), SIZE row_count, TABLE_PARAMETERS(column),
                        SIZE dimension, int is_nngp, GLOBAL scalar *value, GLOBAL scalar *tangential,
                        GLOBAL scalar *radial) {
    SIZE i = get_global_id(0) * ROWS, j = get_global_id(1) * PANEL;
    table rows = TABLE_OF(row), columns = TABLE_OF(column);
    real product[ROWS][2];
    correlate(CENTRED(&rows, i), CENTRED(&columns, j), dimension, product);
    for (SIZE r = 0; r < ROWS && i + r < row_count; r++)
        for (SIZE h = 0; h < 2; h++) {
            SIZE column = j + h * REAL_WIDTH, target = (i + r) * column_stride + column;
            real result[TANGENT_NUMBERS];
            tangent_of(&product[r][h], &rows, i + r, &columns, column, dimension, parameters, is_nngp, result);
            STORE(result[VALUE], value + target);
            STORE(result[TANGENTIAL], tangential + target);
            STORE(result[RADIAL], radial + target);
        }
}

// The scalar geometry on a GPU: one work-group computes PANEL x PANEL pairs, 4 x 4 per work-item, products in
// registers, slices of SLICE numbers of both sides in local memory.
//
// Launch: gram and linearize [row panels x SIDE, column panels x SIDE] in groups of SIDE x SIDE, columns on axis 0;
// prepare [PREPARE_GROUP, stride] in groups of PREPARE_GROUP x 1. Pairs outside the wanted range are not stored.
// PANEL: 64, or 32 where a group has fewer than 256 work-items; SIDE = PANEL / 4. SLICE: 8, 16 or 32; local memory is
// 2 SLICE PANEL numbers. PREPARE_GROUP: a power of two. Tables: scalar.cl.

#ifndef SLICE
#define SLICE 16
#endif
#ifndef PREPARE_GROUP
#define PREPARE_GROUP 64
#endif
#define SHARE 4
#define SIDE (PANEL / SHARE)
#define TILE_GROUP __attribute__((reqd_work_group_size(SIDE, SIDE, 1)))

// product[a][b]: row y + SIDE a, column x + SIDE b of the two panels.
STEP void correlate(GLOBAL const scalar *u, GLOBAL const scalar *v, SIZE dimension, __local scalar *row_slice,
                    __local scalar *column_slice, scalar product[SHARE][SHARE]) {
    size_t x = get_local_id(0), y = get_local_id(1);
    scalar sum[SHARE][SHARE];
#pragma unroll
    for (int a = 0; a < SHARE; a++)
#pragma unroll
        for (int b = 0; b < SHARE; b++) product[a][b] = sum[a][b] = 0;
    for (SIZE begin = 0; begin < dimension; begin += SLICE) {
        for (size_t place = y * SIDE + x; place < SLICE * PANEL; place += SIDE * SIDE) {
            int inside = begin + place / PANEL < dimension;
            row_slice[place] = inside ? u[begin * PANEL + place] : 0;
            column_slice[place] = inside ? v[begin * PANEL + place] : 0;
        }
        barrier(CLK_LOCAL_MEM_FENCE);
#pragma unroll
        for (int k = 0; k < SLICE; k++) {
            scalar row[SHARE], column[SHARE];
#pragma unroll
            for (int a = 0; a < SHARE; a++) {
                row[a] = row_slice[k * PANEL + y + SIDE * a];
                column[a] = column_slice[k * PANEL + x + SIDE * a];
            }
#pragma unroll
            for (int a = 0; a < SHARE; a++)
#pragma unroll
                for (int b = 0; b < SHARE; b++) sum[a][b] = fma(row[a], column[b], sum[a][b]);
        }
        barrier(CLK_LOCAL_MEM_FENCE);
        if ((begin + SLICE) % SUM_BLOCK == 0 || begin + SLICE >= dimension)
#pragma unroll
            for (int a = 0; a < SHARE; a++)
#pragma unroll
                for (int b = 0; b < SHARE; b++) {
                    product[a][b] += sum[a][b];
                    sum[a][b] = 0;
                }
    }
}

// The sum, or the largest, of one number per work-item, in a fixed order; every work-item gets it.
STEP acc reduce(acc own, int is_sum, __local acc *scratch) {
    size_t lane = get_local_id(0);
    scratch[lane] = own;
    for (size_t half_ = PREPARE_GROUP / 2; half_ > 0; half_ /= 2) {
        barrier(CLK_LOCAL_MEM_FENCE);
        if (lane < half_) {
            acc other = scratch[lane + half_];
            scratch[lane] = is_sum ? scratch[lane] + other : fmax(scratch[lane], other);
        }
    }
    barrier(CLK_LOCAL_MEM_FENCE);
    acc result = scratch[0];
    barrier(CLK_LOCAL_MEM_FENCE);
    return result;
}

// Per input: centred, start, slots.
// x          [count, d], row-major
// direction  [d]: v
__kernel __attribute__((reqd_work_group_size(PREPARE_GROUP, 1, 1))) void prepare(
    CONSTANT acc *parameters, GLOBAL const scalar *x, SIZE count, GLOBAL const acc *direction, SIZE dimension,
    GLOBAL scalar *centred, GLOBAL scalar *start, GLOBAL scalar *slots, SIZE stride) {
    __local acc scratch[PREPARE_GROUP];
    size_t lane = get_local_id(0);
    SIZE i = get_global_id(1);
    SIZE size = i < count ? dimension : 0;
    GLOBAL const scalar *from = x + (i < count ? i : 0) * dimension;
    acc largest = 0;
    for (SIZE k = lane; k < size; k += PREPARE_GROUP) largest = fmax(largest, fabs((acc)from[k]));
    acc scale = scale_for(reduce(largest, 0, scratch));
    acc square = 0, sum = 0, square_rest = 0, sum_rest = 0;
    for (SIZE k = lane; k < size; k += PREPARE_GROUP) {
        acc v = from[k] * scale;
        ADD_PRODUCT(acc, square, square_rest, v, v);
        ADD_PRODUCT(acc, sum, sum_rest, v, direction[k]);
    }
    square = reduce(square + square_rest, 1, scratch);
    sum = reduce(sum + sum_rest, 1, scratch);
    acc inverse = square > 0 ? 1 / sqrt(square) : 0;
    scalar share = (scalar)(sum * inverse);
    acc w_v = 0, w_w = 0, w_v_rest = 0, w_w_rest = 0;
    GLOBAL scalar *to = centred + i / PANEL * PANEL * dimension + i % PANEL;
    for (SIZE k = lane; k < dimension; k += PREPARE_GROUP) {
        scalar w = k < size ? (scalar)(from[k] * scale * inverse - share * direction[k]) : 0;
        to[k * PANEL] = w;
        acc wide = w;
        ADD_PRODUCT(acc, w_v, w_v_rest, wide, direction[k]);
        ADD_PRODUCT(acc, w_w, w_w_rest, wide, wide);
    }
    w_v = reduce(w_v + w_v_rest, 1, scratch);
    w_w = reduce(w_w + w_w_rest, 1, scratch);
    if (lane > 0) return;
    store_start(scale, square, share, w_v, w_w, start + i, stride);
    program_variance(square / dimension / scale / scale, slots + i, stride, parameters);
}

// Covariances of the rows row_begin ..< row_end and the panels from first_panel on.
// nngp, ntk  [row_end - row_begin, width], a column per launched column
__kernel TILE_GROUP void gram(CONSTANT acc *parameters, TABLE_PARAMETERS(row), SIZE row_begin, SIZE row_end,
                              TABLE_PARAMETERS(column), SIZE first_panel, SIZE width, SIZE dimension, int triangular,
                              int wanted, GLOBAL scalar *nngp, GLOBAL scalar *ntk) {
    __local scalar row_slice[SLICE * PANEL], column_slice[SLICE * PANEL];
    SIZE i = (row_begin / PANEL + get_group_id(1)) * PANEL;
    SIZE j = (first_panel + get_group_id(0)) * PANEL;
    if (triangular && j >= i + PANEL) return;
    table rows = TABLE_OF(row), columns = TABLE_OF(column);
    scalar product[SHARE][SHARE];
    correlate(CENTRED(&rows, i), CENTRED(&columns, j), dimension, row_slice, column_slice, product);
    j += get_local_id(0);
    i += get_local_id(1);
#pragma unroll
    for (int a = 0; a < SHARE; a++)
#pragma unroll
        for (int b = 0; b < SHARE; b++) {
            SIZE row = i + SIDE * a, column = j + SIDE * b;
            if (row < row_begin || row >= row_end || (triangular && column > row)) continue;
            SIZE target = (row - row_begin) * width + (column - first_panel * PANEL);
            gram_of(&product[a][b], &rows, row, &columns, column, dimension, parameters, wanted, nngp + target,
                    ntk + target);
        }
}

// Covariances of all rows and columns with the factors of their gradient.
// value, tangential, radial  [row_count, column_stride]
__kernel TILE_GROUP void linearize(CONSTANT acc *parameters, TABLE_PARAMETERS(row), SIZE row_count,
                                   TABLE_PARAMETERS(column), SIZE dimension, int is_nngp, GLOBAL scalar *value,
                                   GLOBAL scalar *tangential, GLOBAL scalar *radial) {
    __local scalar row_slice[SLICE * PANEL], column_slice[SLICE * PANEL];
    SIZE i = get_group_id(1) * PANEL, j = get_group_id(0) * PANEL;
    table rows = TABLE_OF(row), columns = TABLE_OF(column);
    scalar product[SHARE][SHARE];
    correlate(CENTRED(&rows, i), CENTRED(&columns, j), dimension, row_slice, column_slice, product);
    j += get_local_id(0);
    i += get_local_id(1);
#pragma unroll
    for (int a = 0; a < SHARE; a++)
#pragma unroll
        for (int b = 0; b < SHARE; b++) {
            SIZE row = i + SIDE * a, column = j + SIDE * b, target = row * column_stride + column;
            if (row >= row_count) continue;
            real result[TANGENT_NUMBERS];
            tangent_of(&product[a][b], &rows, row, &columns, column, dimension, parameters, is_nngp, result);
            value[target] = result[VALUE];
            tangential[target] = result[TANGENTIAL];
            radial[target] = result[RADIAL];
        }
}

// Gradients of a few rows on a GPU: a work-group per part of columns. Formulas, shapes and arguments: row.cl.
// [parts x ITEMS] work-items in groups of ITEMS.
//
// PANEL: as in scalar_group.cl. A product with a panel is cut into SLICES of its numbers, a work-item per column and
// slice; in the sum a work-item has SHARE neighbouring columns, so that neighbours read neighbours in both. Local
// memory: 3 CHUNK_LIMIT + (SIDE + 1) PANEL numbers, ITEMS sums, and the points.

#define SHARE 4
#define SIDE (PANEL / SHARE)
#define ITEMS (SIDE * SIDE)
#define SLICES (ITEMS / PANEL)
typedef PASTE(scalar, 4) scalar4;

// The product of one row with this work-item's column, over its slice.
STEP scalar correlate_slice(__local const scalar *u, GLOBAL const scalar *v, SIZE dimension) {
    size_t column = get_local_id(0) % PANEL, slice = get_local_id(0) / PANEL;
    scalar product = 0;
    for (SIZE begin = slice; begin < dimension; begin += SUM_BLOCK * SLICES) {
        SIZE end = min(begin + SUM_BLOCK * SLICES, dimension);
        scalar sum = 0;
        for (SIZE k = begin; k < end; k += SLICES) sum = fma(u[k], v[k * PANEL + column], sum);
        product += sum;
    }
    return product;
}

// What a chunk adds to number k + item of a gradient, for the first PANEL work-items.
// scratch  [PANEL, SIDE + 1]: one more keeps the banks of local memory apart
STEP scalar sum_of_chunk(__local const scalar *a, SIZE width, GLOBAL const scalar *v, SIZE dimension, SIZE k,
                         __local scalar *scratch) {
    size_t item = get_local_id(0), x = item % SIDE, y = item / SIDE;
#pragma unroll
    for (int b = 0; b < SHARE; b++) {
        SIZE row = y + SIDE * b;
        scalar4 sum = 0;
        if (k + row < dimension)
            for (SIZE j = 0; j < width; j += PANEL)
                sum = fma(vload4(0, a + j + SHARE * x), vload4(0, v + j * dimension + (k + row) * PANEL + SHARE * x),
                          sum);
        scratch[row * (SIDE + 1) + x] = (sum.x + sum.z) + (sum.y + sum.w);
    }
    barrier(CLK_LOCAL_MEM_FENCE);
    scalar total = 0;
    if (item < PANEL)
        for (int n = 0; n < SIDE; n++) total += scratch[item * (SIDE + 1) + n];
    barrier(CLK_LOCAL_MEM_FENCE);
    return total;
}

__kernel __attribute__((reqd_work_group_size(ITEMS, 1, 1))) void row_gradient(ROW_PARAMETERS) {
    __local scalar tangential[CHUNK_LIMIT], radial[CHUNK_LIMIT], a[CHUNK_LIMIT], scratch[PANEL * (SIDE + 1)];
    __local acc sum_scratch[ITEMS];
    size_t item = get_local_id(0);
    SIZE part = get_group_id(0), parts = get_num_groups(0), rows_of_part = row_count * count;
    SIZE begin = part * part_width, end = min(begin + part_width, column_stride);
    table rows = TABLE_OF(row), columns = TABLE_OF(column);
    GLOBAL const scalar *share = column_start + START_SHARE * column_stride;
    for (SIZE place = item; place < row_count * dimension; place += ITEMS)
        points[place] = CENTRED(&rows, place / dimension)[place % dimension * PANEL];
    barrier(CLK_LOCAL_MEM_FENCE);

    for (SIZE j = begin; j < end; j += chunk) {
        SIZE width = min(chunk, end - j);
        GLOBAL const scalar *v = CENTRED(&columns, j);
        for (SIZE i = 0; i < row_count; i++) {
            for (SIZE n = 0; n < width; n += PANEL) {
                scratch[item] = correlate_slice(points + i * dimension, v + n * dimension, dimension);
                barrier(CLK_LOCAL_MEM_FENCE);
                if (item < PANEL) {
                    real product = 0, result[TANGENT_NUMBERS];
                    for (int slice = 0; slice < SLICES; slice++) product += scratch[slice * PANEL + item];
                    tangent_of(&product, &rows, i, &columns, j + n + item, dimension, parameters, is_nngp, result);
                    tangential[n + item] = result[TANGENTIAL];
                    radial[n + item] = result[RADIAL];
                }
                barrier(CLK_LOCAL_MEM_FENCE);
            }
            for (SIZE s = 0; s < count; s++) {
                SIZE r = i * count + s;
                acc sum = 0, level = 0;
                for (SIZE n = item; n < width; n += ITEMS) {
                    scalar c = coefficient_of(cotangents + r * outputs, weights, outputs, j + n, column_count);
                    a[n] = c * tangential[n];
                    sum += (acc)c * radial[n];
                    level += (acc)a[n] * share[j + n];
                }
                sum = sum_of_group(sum, ITEMS, sum_scratch);
                barrier(CLK_LOCAL_MEM_FENCE);
                level = sum_of_group(level, ITEMS, sum_scratch);
                if (item == 0) {
                    sums[part * rows_of_part + r] = sum + (j == begin ? 0 : sums[part * rows_of_part + r]);
                    sums[(parts + part) * rows_of_part + r] =
                        level + (j == begin ? 0 : sums[(parts + part) * rows_of_part + r]);
                }
                barrier(CLK_LOCAL_MEM_FENCE);
                GLOBAL scalar *gradient = partial + (part * rows_of_part + r) * dimension;
                for (SIZE k = 0; k < dimension; k += PANEL) {
                    scalar total = sum_of_chunk(a, width, v, dimension, k, scratch);
                    if (item < PANEL && k + item < dimension)
                        gradient[k + item] = total + (j == begin ? 0 : gradient[k + item]);
                }
            }
        }
    }
}

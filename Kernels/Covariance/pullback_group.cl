// Predictions and gradients on a GPU: work-groups with local memory. Formulas and shapes: pullback.cl.
//
// PANEL, SIDE: as in scalar_group.cl; contract makes PANEL x PANEL sums in groups of SIDE x SIDE, 4 x 4 per work-item.
// SLICE: columns per step of contract, in local memory 2 SLICE (PANEL + 1) numbers; 8, 16 or 32.
// SUM_GROUP: work-items that share one sum of predict and weigh; a power of two.

#ifndef SLICE
#define SLICE 16
#endif
#ifndef SUM_GROUP
#define SUM_GROUP 64
#endif
#define SHARE 4
#define SIDE (PANEL / SHARE)

// [outputs x SUM_GROUP, rows] work-items in groups of SUM_GROUP x 1.
__kernel __attribute__((reqd_work_group_size(SUM_GROUP, 1, 1))) void predict(
    GLOBAL const scalar *value, SIZE rows, SIZE width, GLOBAL const acc *turned, SIZE outputs, GLOBAL acc *f) {
    __local acc scratch[SUM_GROUP];
    SIZE o = get_group_id(0), i = get_group_id(1);
    acc sum = 0;
    for (SIZE j = get_local_id(0); j < width; j += SUM_GROUP)
        sum = fma((acc)value[i * width + j], turned[o * width + j], sum);
    sum = sum_of_group(sum, SUM_GROUP, scratch);
    if (get_local_id(0) == 0) f[i * outputs + o] = sum;
}

// [parts x SUM_GROUP, rows] work-items in groups of SUM_GROUP x 1.
__kernel __attribute__((reqd_work_group_size(SUM_GROUP, 1, 1))) void weigh(
    GLOBAL const acc *cotangents, SIZE count, SIZE first, SIZE batch, SIZE rows, SIZE outputs,
    GLOBAL const scalar *turned, GLOBAL const scalar *tangential, GLOBAL const scalar *radial, SIZE width,
    SIZE part_width, GLOBAL const scalar *start, GLOBAL scalar *coefficients, GLOBAL acc *sums) {
    __local acc scratch[SUM_GROUP];
    SIZE part = get_group_id(0), parts = get_num_groups(0), r = get_group_id(1);
    SIZE i = r / batch, end = min((part + 1) * part_width, width);
    GLOBAL const acc *cotangent = cotangents + (i * count + first + r % batch) * outputs;
    GLOBAL const scalar *share = start + START_SHARE * width;
    acc sum = 0, level = 0;
    for (SIZE j = part * part_width + get_local_id(0); j < end; j += SUM_GROUP) {
        scalar c = 0;
        for (SIZE o = 0; o < outputs; o++) c = fma((scalar)cotangent[o], turned[o * width + j], c);
        scalar across = c * tangential[i * width + j];
        coefficients[r * width + j] = across;
        sum += (acc)c * radial[i * width + j];
        level += (acc)across * share[j];
    }
    sum = sum_of_group(sum, SUM_GROUP, scratch);
    barrier(CLK_LOCAL_MEM_FENCE);
    level = sum_of_group(level, SUM_GROUP, scratch);
    if (get_local_id(0) > 0) return;
    sums[part * rows + r] = sum;
    sums[(parts + part) * rows + r] = level;
}

// [ceil(d / PANEL) x SIDE, ceil(rows / PANEL) x SIDE, parts] work-items in groups of SIDE x SIDE x 1.
__kernel __attribute__((reqd_work_group_size(SIDE, SIDE, 1))) void contract(
    GLOBAL const scalar *coefficients, SIZE rows, SIZE width, SIZE part_width, GLOBAL const scalar *centred, SIZE dimension,
    GLOBAL scalar *partial) {
    // One more number per row of a slice keeps the banks of local memory apart.
    __local scalar row_slice[SLICE][PANEL + 1], column_slice[SLICE][PANEL + 1];
    size_t x = get_local_id(0), y = get_local_id(1);
    SIZE k = get_group_id(0) * PANEL, r = get_group_id(1) * PANEL, part = get_group_id(2);
    SIZE end = min((part + 1) * part_width, width);
    scalar sum[SHARE][SHARE];
#pragma unroll
    for (int a = 0; a < SHARE; a++)
#pragma unroll
        for (int b = 0; b < SHARE; b++) sum[a][b] = 0;
    for (SIZE j = part * part_width; j < end; j += SLICE) {
        for (size_t place = y * SIDE + x; place < SLICE * PANEL; place += SIDE * SIDE) {
            size_t step = place % SLICE, other = place / SLICE;
            SIZE at = j + step;
            row_slice[step][other] = r + other < rows ? coefficients[(r + other) * width + at] : 0;
            column_slice[step][other] =
                k + other < dimension ? centred[(at / PANEL * dimension + k + other) * PANEL + at % PANEL] : 0;
        }
        barrier(CLK_LOCAL_MEM_FENCE);
#pragma unroll
        for (int step = 0; step < SLICE; step++) {
            scalar row[SHARE], column[SHARE];
#pragma unroll
            for (int a = 0; a < SHARE; a++) {
                row[a] = row_slice[step][y + SIDE * a];
                column[a] = column_slice[step][x + SIDE * a];
            }
#pragma unroll
            for (int a = 0; a < SHARE; a++)
#pragma unroll
                for (int b = 0; b < SHARE; b++) sum[a][b] = fma(row[a], column[b], sum[a][b]);
        }
        barrier(CLK_LOCAL_MEM_FENCE);
    }
#pragma unroll
    for (int a = 0; a < SHARE; a++)
#pragma unroll
        for (int b = 0; b < SHARE; b++)
            if (r + y + SIDE * a < rows && k + x + SIDE * b < dimension)
                partial[(part * rows + r + y + SIDE * a) * dimension + k + x + SIDE * b] = sum[a][b];
}

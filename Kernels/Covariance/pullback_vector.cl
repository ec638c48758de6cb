// Predictions and gradients on a processor: one work-item, explicit vectors. Formulas and shapes: pullback.cl.
//
// ROWS: as in scalar_vector.cl; contract keeps ROWS x 2 vectors of sums in registers.
// SUM_BLOCK: numbers that are added up in `scalar` before they join a sum in `acc`.

#ifndef ROWS
#define ROWS 8
#endif
#ifndef SUM_BLOCK
#define SUM_BLOCK 256
#endif

// [outputs, rows] work-items.
__kernel void predict(GLOBAL const scalar *value, SIZE rows, SIZE width, GLOBAL const acc *turned, SIZE outputs,
                      GLOBAL acc *f) {
    SIZE o = get_global_id(0), i = get_global_id(1);
    if (o >= outputs || i >= rows) return;
    acc8 sum = 0;
    for (SIZE j = 0; j < width; j += 8)
        sum = fma(convert_acc8(vload8(0, value + i * width + j)), vload8(0, turned + o * width + j), sum);
    f[i * outputs + o] = ((sum.s0 + sum.s4) + (sum.s2 + sum.s6)) + ((sum.s1 + sum.s5) + (sum.s3 + sum.s7));
}

// [parts, rows] work-items.
__kernel void weigh(GLOBAL const acc *cotangents, SIZE count, SIZE first, SIZE batch, SIZE rows, SIZE outputs,
                    GLOBAL const scalar *turned, GLOBAL const scalar *tangential, GLOBAL const scalar *radial,
                    SIZE width, SIZE part_width, GLOBAL const scalar *start, GLOBAL scalar *coefficients,
                    GLOBAL acc *sums) {
    SIZE part = get_global_id(0), parts = get_global_size(0), r = get_global_id(1);
    if (part * part_width >= width || r >= rows) return;
    SIZE i = r / batch, end = min((part + 1) * part_width, width);
    GLOBAL const acc *cotangent = cotangents + (i * count + first + r % batch) * outputs;
    GLOBAL const scalar *share = start + START_SHARE * width;
    acc total = 0, total_level = 0;
    for (SIZE begin = part * part_width; begin < end; begin += SUM_BLOCK) {
        real sum = R(0), level = R(0);
        for (SIZE j = begin; j < min(begin + SUM_BLOCK, end); j += REAL_WIDTH) {
            real c = R(0);
            for (SIZE o = 0; o < outputs; o++) c = fma(R(cotangent[o]), LOAD(turned + o * width + j), c);
            real across = c * LOAD(tangential + i * width + j);
            STORE(across, coefficients + r * width + j);
            sum = fma(c, LOAD(radial + i * width + j), sum);
            level = fma(across, LOAD(share + j), level);
        }
        total += sum_of(&sum);
        total_level += sum_of(&level);
    }
    sums[part * rows + r] = total;
    sums[(parts + part) * rows + r] = total_level;
}

// centred in another order: what contract reads next lies next to what it has read. [width, ceil(d / PANEL)] work-items.
// columns  [ceil(d / PANEL), width, PANEL], zero past the last number
__kernel void turn_centred(GLOBAL const scalar *centred, SIZE dimension, SIZE width, GLOBAL scalar *columns) {
    SIZE j = get_global_id(0), block = get_global_id(1);
    if (j >= width) return;
    GLOBAL const scalar *from = centred + j / PANEL * PANEL * dimension + j % PANEL;
    GLOBAL scalar *to = columns + (block * width + j) * PANEL;
    for (SIZE k = 0; k < PANEL; k++)
        to[k] = block * PANEL + k < dimension ? from[(block * PANEL + k) * PANEL] : 0;
}

// [ceil(rows / ROWS), ceil(d / PANEL), parts] work-items in groups of one, rows first: a panel stays in the cache.
__kernel void contract(GLOBAL const scalar *coefficients, SIZE rows, SIZE width, SIZE part_width, GLOBAL const scalar *columns,
                       SIZE length, GLOBAL scalar *partial) {
    SIZE r = get_global_id(0) * ROWS, k = get_global_id(1) * PANEL, part = get_global_id(2);
    SIZE end = min((part + 1) * part_width, width);
    // Rows past the end are computed from the last one, and not stored.
    GLOBAL const scalar *row[ROWS], *column = columns + k * width;
    real total[ROWS][2];
#pragma unroll
    for (int a = 0; a < ROWS; a++) row[a] = coefficients + min(r + a, rows - 1) * width;
#pragma unroll
    for (int a = 0; a < ROWS; a++) total[a][0] = total[a][1] = R(0);
    for (SIZE begin = part * part_width; begin < end; begin += SUM_BLOCK) {
        SIZE stop = min(begin + SUM_BLOCK, end);
        real sum[ROWS][2];
#pragma unroll
        for (int a = 0; a < ROWS; a++) sum[a][0] = sum[a][1] = R(0);
        for (SIZE j = begin; j < stop; j++) {
            real first = LOAD(column + j * PANEL), second = LOAD(column + j * PANEL + REAL_WIDTH);
#pragma unroll
            for (int a = 0; a < ROWS; a++) {
                real factor = R(row[a][j]);
                sum[a][0] = fma(factor, first, sum[a][0]);
                sum[a][1] = fma(factor, second, sum[a][1]);
            }
        }
#pragma unroll
        for (int a = 0; a < ROWS; a++) total[a][0] += sum[a][0], total[a][1] += sum[a][1];
    }
#pragma unroll
    for (int a = 0; a < ROWS; a++)
        if (r + a < rows) {
            GLOBAL scalar *target = partial + (part * rows + r + a) * length + k;
            STORE(total[a][0], target);
            STORE(total[a][1], target + REAL_WIDTH);
        }
}

// Predictions and gradients on a processor: one work-item, explicit vectors. Formulas and shapes: pullback.cl.
//
// BLOCK_ROWS x BLOCK_COLUMNS: sums of contract that are kept in registers: 5 x 5 for 32 of them, 3 x 3 for 16.
// SUM_BLOCK: numbers that are added up in `scalar` before they join a sum in `acc`.

#ifndef BLOCK_ROWS
#define BLOCK_ROWS 5
#endif
#ifndef BLOCK_COLUMNS
#define BLOCK_COLUMNS 5
#endif
#ifndef SUM_BLOCK
#define SUM_BLOCK 256
#endif

// The sum of the lanes, in a fixed order.
STEP scalar sum_of(const real *v) {
#if REAL_WIDTH == 16
    PASTE(scalar, 8) eight = v->lo + v->hi;
#else
    PASTE(scalar, 8) eight = *v;
#endif
    PASTE(scalar, 4) four = eight.lo + eight.hi;
    PASTE(scalar, 2) two = four.lo + four.hi;
    return two.x + two.y;
}

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
                    SIZE width, SIZE part_width, GLOBAL scalar *w, GLOBAL acc *sums) {
    SIZE part = get_global_id(0), r = get_global_id(1);
    if (part * part_width >= width || r >= rows) return;
    SIZE i = r / batch, end = min((part + 1) * part_width, width);
    GLOBAL const acc *cotangent = cotangents + (i * count + first + r % batch) * outputs;
    acc total = 0;
    for (SIZE begin = part * part_width; begin < end; begin += SUM_BLOCK) {
        real sum = R(0);
        for (SIZE j = begin; j < min(begin + SUM_BLOCK, end); j += REAL_WIDTH) {
            real c = R(0);
            for (SIZE o = 0; o < outputs; o++) c = fma(R(cotangent[o]), LOAD(turned + o * width + j), c);
            STORE(c * LOAD(tangential + i * width + j), w + r * width + j);
            sum = fma(c, LOAD(radial + i * width + j), sum);
        }
        total += sum_of(&sum);
    }
    sums[part * rows + r] = total;
}

// [ceil(rows / BLOCK_ROWS), ceil(d / BLOCK_COLUMNS), parts] work-items.
__kernel void contract(GLOBAL const scalar *w, SIZE rows, SIZE width, SIZE part_width, GLOBAL const scalar *unit,
                       SIZE dimension, GLOBAL scalar *partial) {
    SIZE r = get_global_id(0) * BLOCK_ROWS, k = get_global_id(1) * BLOCK_COLUMNS, part = get_global_id(2);
    if (r >= rows || k >= dimension || part * part_width >= width) return;
    SIZE end = min((part + 1) * part_width, width);
    // What lies past the end is computed from the last row or column, and not stored.
    GLOBAL const scalar *row[BLOCK_ROWS], *column[BLOCK_COLUMNS];
    real sum[BLOCK_ROWS][BLOCK_COLUMNS];
#pragma unroll
    for (int a = 0; a < BLOCK_ROWS; a++) row[a] = w + min(r + a, rows - 1) * width;
#pragma unroll
    for (int b = 0; b < BLOCK_COLUMNS; b++) column[b] = unit + min(k + b, dimension - 1) * PANEL;
#pragma unroll
    for (int a = 0; a < BLOCK_ROWS; a++)
#pragma unroll
        for (int b = 0; b < BLOCK_COLUMNS; b++) sum[a][b] = R(0);
    for (SIZE j = part * part_width; j < end; j += PANEL)
        for (SIZE h = 0; h < PANEL; h += REAL_WIDTH) {
            real u[BLOCK_COLUMNS];
#pragma unroll
            for (int b = 0; b < BLOCK_COLUMNS; b++) u[b] = LOAD(column[b] + j * dimension + h);
#pragma unroll
            for (int a = 0; a < BLOCK_ROWS; a++) {
                real factor = LOAD(row[a] + j + h);
#pragma unroll
                for (int b = 0; b < BLOCK_COLUMNS; b++) sum[a][b] = fma(factor, u[b], sum[a][b]);
            }
        }
#pragma unroll
    for (int a = 0; a < BLOCK_ROWS; a++)
#pragma unroll
        for (int b = 0; b < BLOCK_COLUMNS; b++)
            if (r + a < rows && k + b < dimension)
                partial[(part * rows + r + a) * dimension + k + b] = sum_of(&sum[a][b]);
}

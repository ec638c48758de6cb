// Predictions and gradients from a linearization, what the drivers share.
//
//   f[i, o] = sum_j value[i, j] weights[j, o]
//   gradient[i, s] = sum_j c_j (tangential[i, j] u_j + radial[i, j] u_i),  c_j = sum_o cotangents[i, s, o] weights[j, o]
//
// in four kernels: turn_* lay the weights out along j; weigh makes w[r, j] = c_j tangential[i, j] and its part of
// sum_j c_j radial[i, j]; contract makes its part of w U; finish adds the parts up in order. Behind this file comes
// pullback_group.cl or pullback_vector.cl with predict, weigh and contract.
//
// A row r stands for point r / batch and cotangent first + r % batch of `count`. Sums over j are cut into parts of
// part_width, a whole number of panels. Columns past the end have weights and unit inputs of zero.
//
//   value, tangential, radial, w   [rows, width]; width: columns, rounded up to whole panels
//   turned       [outputs, width]
//   cotangents   [points, count, outputs]
//   sums         [parts, rows]
//   partial      [parts, rows, length]; length: d, in the vector form rounded up to whole panels
//   unit         [width / PANEL, d, PANEL]
//   gradient     [points, count, d]

#ifndef PANEL
#define PANEL (REAL_WIDTH == 1 ? 64 : 2 * REAL_WIDTH)
#endif
#ifndef FINISH_SHARE
#define FINISH_SHARE 1
#endif

#define TURN(name, type)                                                                                               \
    __kernel void name(GLOBAL const acc *weights, SIZE columns, SIZE outputs, GLOBAL type *turned, SIZE width) {       \
        SIZE j = get_global_id(0), o = get_global_id(1);                                                               \
        if (j < width && o < outputs) turned[o * width + j] = j < columns ? (type)weights[j * outputs + o] : 0;        \
    }

TURN(turn_to_acc, acc)
TURN(turn_to_scalar, scalar)

// [ceil(d / FINISH_SHARE), rows] work-items.
// FINISH_SHARE: numbers per work-item; 1 on a GPU, where neighbours read neighbours.
__kernel void finish(GLOBAL const scalar *partial, GLOBAL const acc *sums, SIZE parts, SIZE rows,
                     SIZE length, GLOBAL const scalar *unit, SIZE dimension, SIZE count, SIZE first, SIZE batch,
                     GLOBAL scalar *gradient) {
    SIZE begin = get_global_id(0) * FINISH_SHARE, r = get_global_id(1);
    if (begin >= dimension || r >= rows) return;
    SIZE end = min(begin + FINISH_SHARE, dimension), i = r / batch;
    acc sum = 0;
    for (SIZE part = 0; part < parts; part++) sum += sums[part * rows + r];
    GLOBAL const scalar *u = unit + i / PANEL * PANEL * dimension + i % PANEL;
    GLOBAL scalar *target = gradient + (i * count + first + r % batch) * dimension;
    for (SIZE k = begin; k < end; k++) {
        scalar total = 0;
        for (SIZE part = 0; part < parts; part++) total += partial[(part * rows + r) * length + k];
        target[k] = fma((scalar)sum, u[k * PANEL], total);
    }
}

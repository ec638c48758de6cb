// Predictions and gradients from a linearization, what the drivers share.
//
//   f[i, o] = sum_j value[i, j] weights[j, o]
//   gradient[i, s] = sum_j c_j (tangential[i, j] u_j + radial[i, j] u_i),  c_j = sum_o cotangents[i, s, o] weights[j, o]
//
// With a_j = c_j tangential[i, j], b = sum_j c_j radial[i, j], and u = s v + w as in pair.cl that is
//
//   sum_j a_j w_j + b w_i + (sum_j a_j s_j + b s_i) v
//
// in four kernels: turn_* lay the weights out along j; weigh makes the coefficients a and its part of b and of
// sum_j a_j s_j; contract makes its part of a W; finish adds the parts up in order. Before this file comes pair.cl,
// behind it pullback_group.cl or pullback_vector.cl with predict, weigh and contract.
//
// Where x_i and all x_j are zero so is the gradient, and an attack that follows its sign must see that: there the sum is
// not formed, because its terms cancel only up to rounding.
//
// A row r stands for point r / batch and cotangent first + r % batch of `count`. Sums over j are cut into parts of
// part_width, a whole number of panels. Columns past the end have weights and inputs of zero.
//
//   value, tangential, radial, coefficients   [rows, width]; width: columns, rounded up to whole panels
//   turned       [outputs, width]
//   cotangents   [points, count, outputs]
//   sums         [2, parts, rows]: of c_j radial[i, j] and of a_j s_j
//   partial      [parts, rows, length]; length: d, in the vector form rounded up to whole panels
//   centred      [width / PANEL, d, PANEL]
//   start        [START_NUMBERS, width]
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

// Which coordinates are zero in all columns. [d] work-items.
// blanks  [d]
__kernel void find_blanks(GLOBAL const scalar *centred, GLOBAL const scalar *start, SIZE width,
                          GLOBAL const acc *direction, SIZE dimension, GLOBAL uchar *blanks) {
    SIZE k = get_global_id(0), j = 0;
    if (k >= dimension) return;
    GLOBAL const scalar *share = start + START_SHARE * width;
    while (j < width && IS_ZERO(centred[(j / PANEL * dimension + k) * PANEL + j % PANEL], share[j], direction[k])) j++;
    blanks[k] = j == width;
}

// [ceil(d / FINISH_SHARE), rows] work-items.
// FINISH_SHARE: numbers per work-item; 1 on a GPU, where neighbours read neighbours.
// centred, start: of the rows; direction [d]: v.
__kernel void finish(GLOBAL const scalar *partial, GLOBAL const acc *sums, SIZE parts, SIZE rows, SIZE length,
                     GLOBAL const scalar *centred, GLOBAL const scalar *start, SIZE stride, GLOBAL const acc *direction,
                     GLOBAL const uchar *blanks, SIZE dimension, SIZE count, SIZE first, SIZE batch,
                     GLOBAL scalar *gradient) {
    SIZE begin = get_global_id(0) * FINISH_SHARE, r = get_global_id(1);
    if (begin >= dimension || r >= rows) return;
    SIZE end = min(begin + FINISH_SHARE, dimension), i = r / batch;
    acc radial = 0, level = 0;
    for (SIZE part = 0; part < parts; part++) {
        radial += sums[part * rows + r];
        level += sums[(parts + part) * rows + r];
    }
    scalar share = start[START_SHARE * stride + i];
    level = fma(radial, (acc)share, level);
    GLOBAL const scalar *w = centred + i / PANEL * PANEL * dimension + i % PANEL;
    GLOBAL scalar *target = gradient + (i * count + first + r % batch) * dimension;
    for (SIZE k = begin; k < end; k++) {
        scalar total = 0;
        for (SIZE part = 0; part < parts; part++) total += partial[(part * rows + r) * length + k];
        total = fma((scalar)radial, w[k * PANEL], total) + (scalar)(level * direction[k]);
        target[k] = blanks[k] && IS_ZERO(w[k * PANEL], share, direction[k]) ? 0 : total;
    }
}

// A layer's share of the empirical NTK from products of patches and of cotangents, for outputs a and b:
//
//     ntk[i, a, j, b] = sum over pixels p, q of (w2 gram[i p, j q] + b2) product[i p, j q]
//
// gram     patches of the rows times patches of the columns, [rows * pixels, columns * pixels]
// product  cotangents of output a times those of output b, the same shape
// ntk      [rows, outputs, columns, outputs]
// w2, b2   squared scales of weights and bias
//
// One work-item is one pair of points. A dense layer has one pixel.

STEP void patch_gram_at(
    SIZE item, GLOBAL scalar *ntk, GLOBAL const scalar *gram, GLOBAL const scalar *product, SIZE columns, SIZE pixels,
    SIZE outputs, SIZE a, SIZE b, scalar w2, scalar b2) {
    SIZE i = item / columns;
    SIZE j = item % columns;
    scalar sum = 0;
    for (SIZE p = 0; p < pixels; p++) {
        SIZE line = ((i * pixels + p) * columns + j) * pixels;
        for (SIZE q = 0; q < pixels; q++) sum += (w2 * gram[line + q] + b2) * product[line + q];
    }
    ntk[((i * outputs + a) * columns + j) * outputs + b] = sum;
}

#ifdef __OPENCL_C_VERSION__
__kernel void patch_gram(
    __global scalar *ntk, __global const scalar *gram, __global const scalar *product, ulong columns, ulong pixels,
    ulong outputs, ulong a, ulong b, scalar w2, scalar b2, ulong count) {
    if (get_global_id(0) < count)
        patch_gram_at(get_global_id(0), ntk, gram, product, columns, pixels, outputs, a, b, w2, b2);
}
#endif

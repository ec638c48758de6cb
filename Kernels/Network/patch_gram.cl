// A layer's share of the empirical NTK from products of patches and of cotangents, for output a and all outputs b:
//
//     ntk[first + i, a, j, b] = sum over pixels p, q of (w2 gram[i p, j q] + b2) product[i p, b j q]
//
// gram     patches of the rows times patches of the columns, [rows * pixels, columns * pixels]
// product  cotangents of output a times those of all outputs, [rows * pixels, outputs * columns * pixels]
// ntk      [points, outputs, columns, outputs]
// w2, b2   squared scales of weights and bias
//
// One work-item is one pair of points. A dense layer has one pixel.

STEP void patch_gram_at(
    SIZE item, GLOBAL scalar *ntk, SIZE first, GLOBAL const scalar *gram, GLOBAL const scalar *product, SIZE columns,
    SIZE pixels, SIZE outputs, SIZE a, scalar w2, scalar b2) {
    SIZE i = item / columns;
    SIZE j = item % columns;
    SIZE width = columns * pixels;
    GLOBAL scalar *target = ntk + (((first + i) * outputs + a) * columns + j) * outputs;
    for (SIZE b = 0; b < outputs; b++) {
        scalar sum = 0;
        for (SIZE p = 0; p < pixels; p++) {
            GLOBAL const scalar *patches = gram + (i * pixels + p) * width + j * pixels;
            GLOBAL const scalar *cotangents = product + ((i * pixels + p) * outputs + b) * width + j * pixels;
            for (SIZE q = 0; q < pixels; q++) sum += (w2 * patches[q] + b2) * cotangents[q];
        }
        target[b] = sum;
    }
}

#ifdef __OPENCL_C_VERSION__
__kernel void patch_gram(
    __global scalar *ntk, ulong first, __global const scalar *gram, __global const scalar *product, ulong columns,
    ulong pixels, ulong outputs, ulong a, scalar w2, scalar b2, ulong count) {
    if (get_global_id(0) < count)
        patch_gram_at(get_global_id(0), ntk, first, gram, product, columns, pixels, outputs, a, w2, b2);
}
#endif

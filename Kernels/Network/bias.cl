// Bias and activation of a finite layer in one pass, in place:
//
//     z[row, c] <- phi(z[row, c] + scale * bias[c]),   phi(x) = a min(x, 0) + b max(x, 0); a = b = 1: none.
//
// values      z from number `offset` on, [count / channels, channels]
// parameters  the bias from number `bias` on, [channels]

STEP scalar bias_of(scalar z, scalar bias, scalar scale, scalar a, scalar b) {
    scalar x = z + scale * bias;
    return x > 0 ? b * x : a * x;
}

#ifdef __OPENCL_C_VERSION__
__kernel void bias(
    __global scalar *values, ulong offset, __global const scalar *parameters, ulong bias, ulong channels, scalar scale,
    scalar a, scalar b, ulong count) {
    size_t i = get_global_id(0);
    if (i < count)
        values[offset + i] = bias_of(values[offset + i], parameters[bias + i % channels], scale, a, b);
}
#endif

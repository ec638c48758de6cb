// phi(x) = a min(x, 0) + b max(x, 0) of finite nets, and its reverse step.
//
//     abrelu:          target[i] = phi(source[i]); both may be the same buffer
//     abrelu_reverse:  cotangent[i] <- phi'(saved[i % period]) cotangent[i], phi'(0) = a
//
// saved   the inputs of the activation; where b > 0 and a >= 0 its outputs do as well, they have the same sign
// period  numbers that `saved` holds: several cotangents may belong to one input

STEP scalar abrelu_of(scalar x, scalar a, scalar b) { return x > 0 ? b * x : a * x; }

STEP scalar abrelu_slope(scalar x, scalar a, scalar b) { return x > 0 ? b : a; }

#ifdef __OPENCL_C_VERSION__
__kernel void abrelu(
    __global scalar *target, __global const scalar *source, ulong offset, scalar a, scalar b, ulong count) {
    size_t i = get_global_id(0);
    if (i < count)
        target[offset + i] = abrelu_of(source[offset + i], a, b);
}

__kernel void abrelu_reverse(
    __global scalar *cotangent, __global const scalar *saved, ulong period, scalar a, scalar b, ulong count) {
    size_t i = get_global_id(0);
    if (i < count)
        cotangent[i] *= abrelu_slope(saved[i % period], a, b);
}
#endif

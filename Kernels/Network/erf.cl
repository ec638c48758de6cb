// The Gauss error function as an activation of finite nets, its reverse step, and that of its tangent.
//
//     erf_map:          target[i] = erf(source[i])
//     erf_map_reverse:  cotangent[i] <- 2/sqrt(pi) exp(-x^2) cotangent[i], x = saved[i % period], an input
//     erf_map_curvature:  target[i] = -4/sqrt(pi) x exp(-x^2) tangent[i] cotangent[i], x = saved[i]

#if defined(__OPENCL_C_VERSION__) || REAL_BITS == 64
#define ERF_OF erf
#define ERF_EXP exp
#else
#define ERF_OF erff
#define ERF_EXP expf
#endif

STEP scalar erf_slope(scalar x) { return (scalar)1.12837916709551257390 * ERF_EXP(-x * x); }

STEP scalar erf_curvature(scalar x) { return -2 * x * erf_slope(x); }

#ifdef __OPENCL_C_VERSION__
__kernel void erf_map(__global scalar *target, __global const scalar *source, ulong count) {
    size_t i = get_global_id(0);
    if (i < count)
        target[i] = ERF_OF(source[i]);
}

__kernel void erf_map_reverse(
    __global scalar *cotangent, __global const scalar *saved, ulong period, ulong count) {
    size_t i = get_global_id(0);
    if (i < count)
        cotangent[i] *= erf_slope(saved[i % period]);
}

__kernel void erf_map_curvature(
    __global scalar *target, __global const scalar *cotangent, ulong offset, __global const scalar *saved,
    __global const scalar *tangent, ulong count) {
    size_t i = get_global_id(0);
    if (i < count)
        target[i] = erf_curvature(saved[i]) * tangent[i] * cotangent[offset + i];
}
#endif

// x Phi(x), the exact form with erf, as an activation of finite nets, its reverse step, and that of its tangent.
//
//     gelu_map:          target[i] = x Phi(x), x = source[i]
//     gelu_map_reverse:  cotangent[i] <- (Phi(x) + x phi(x)) cotangent[i], x = saved[i % period], an input
//     gelu_map_curvature:  target[i] = (2 - x^2) phi(x) tangent[i] cotangent[i], x = saved[i]

#if defined(__OPENCL_C_VERSION__) || REAL_BITS == 64
#define GELU_ERFC erfc
#define GELU_EXP exp
#else
#define GELU_ERFC erfcf
#define GELU_EXP expf
#endif

// Phi(x) without cancellation for negative x.
STEP scalar gelu_normal(scalar x) { return (scalar)0.5 * GELU_ERFC((scalar)-0.70710678118654752440 * x); }

STEP scalar gelu_of(scalar x) { return x * gelu_normal(x); }

// phi(x), the derivative of Phi.
STEP scalar gelu_density(scalar x) { return (scalar)0.39894228040143267794 * GELU_EXP((scalar)-0.5 * x * x); }

STEP scalar gelu_slope(scalar x) { return gelu_normal(x) + x * gelu_density(x); }

STEP scalar gelu_curvature(scalar x) { return (2 - x * x) * gelu_density(x); }

#ifdef __OPENCL_C_VERSION__
__kernel void gelu_map(__global scalar *target, __global const scalar *source, ulong count) {
    size_t i = get_global_id(0);
    if (i < count)
        target[i] = gelu_of(source[i]);
}

__kernel void gelu_map_reverse(
    __global scalar *cotangent, __global const scalar *saved, ulong period, ulong count) {
    size_t i = get_global_id(0);
    if (i < count)
        cotangent[i] *= gelu_slope(saved[i % period]);
}

__kernel void gelu_map_curvature(
    __global scalar *target, __global const scalar *cotangent, ulong offset, __global const scalar *saved,
    __global const scalar *tangent, ulong count) {
    size_t i = get_global_id(0);
    if (i < count)
        target[i] = gelu_curvature(saved[i]) * tangent[i] * cotangent[offset + i];
}
#endif

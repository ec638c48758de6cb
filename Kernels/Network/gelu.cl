// x Phi(x), the exact form with erf, as an activation of finite nets, and its reverse step.
//
//     gelu_map:          target[i] = x Phi(x), x = source[i]
//     gelu_map_reverse:  cotangent[i] <- (Phi(x) + x phi(x)) cotangent[i], x = saved[i % period], an input

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

STEP scalar gelu_slope(scalar x) {
    scalar density = (scalar)0.39894228040143267794 * GELU_EXP((scalar)-0.5 * x * x);
    return gelu_normal(x) + x * density;
}

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
#endif

// x Phi(x), the exact form with erf, as an activation of finite nets. Behind smooth_map.cl. With the normal
// distribution's function Phi and density n:
//
//     slope Phi(x) + x n(x)    curvature (2 - x^2) n(x)

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

// n(x), the derivative of Phi.
STEP scalar gelu_density(scalar x) { return (scalar)0.39894228040143267794 * GELU_EXP((scalar)-0.5 * x * x); }

STEP scalar gelu_slope(scalar x) { return gelu_normal(x) + x * gelu_density(x); }

STEP scalar gelu_curvature(scalar x) { return (2 - x * x) * gelu_density(x); }

#ifdef __OPENCL_C_VERSION__
SMOOTH_MAP(gelu)
#endif

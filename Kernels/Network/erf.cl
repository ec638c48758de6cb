// The Gauss error function as an activation of finite nets. Behind smooth_map.cl.
//
//     phi' = 2/sqrt(pi) exp(-x^2)    phi'' = -4/sqrt(pi) x exp(-x^2)

#if defined(__OPENCL_C_VERSION__) || REAL_BITS == 64
#define ERF_OF erf
#define ERF_EXP exp
#else
#define ERF_OF erff
#define ERF_EXP expf
#endif

STEP scalar erf_of(scalar x) { return ERF_OF(x); }

STEP scalar erf_slope(scalar x) { return (scalar)1.12837916709551257390 * ERF_EXP(-x * x); }

STEP scalar erf_curvature(scalar x) { return -2 * x * erf_slope(x); }

#ifdef __OPENCL_C_VERSION__
SMOOTH_MAP(erf)
#endif

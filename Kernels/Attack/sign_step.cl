// One ascent step inside an l-infinity ball and a box, in place:
//
//     x <- clip(clip(x + alpha sign(g), x0 - eps, x0 + eps), lower, upper),   sign(0) = sign(NaN) = 0.
//
// Source: Madry et al., "Towards deep learning models resistant to adversarial attacks", eq. in section 2.1.
//
// x0 +- eps is rounded, so the subtraction x - x0 could exceed eps by an ulp: the ends of the interval are moved
// towards x0 until it does not. Rounding is monotonic, hence no point between the ends exceeds eps either.
//
// point     x   [count], in and out
// origin    x0  [count]
// gradient  g   [count]
// eps           already rounded down to the buffers' precision; 0 gives x0 bit for bit
//
// The arithmetic relies on IEEE rounding and on NaN comparing false: never compile it with fast-math options.

#if defined(__OPENCL_C_VERSION__) || REAL_BITS == 64
#define SIGN_STEP_NEXT nextafter
#else
#define SIGN_STEP_NEXT nextafterf
#endif

static inline scalar sign_step_of(scalar x, scalar x0, scalar g, scalar alpha, scalar eps, scalar lower, scalar upper) {
    scalar low = x0 - eps;
    scalar high = x0 + eps;
    while (x0 - low > eps)
        low = SIGN_STEP_NEXT(low, x0);
    while (high - x0 > eps)
        high = SIGN_STEP_NEXT(high, x0);

    // Selections, not a product: nothing here can be contracted to a fused multiply-add.
    scalar moved = g > 0 ? x + alpha : (g < 0 ? x - alpha : x);
    moved = moved < low ? low : (moved > high ? high : moved);
    // Keeps the sign of a zero.
    moved = eps == 0 ? x0 : moved;
    return moved < lower ? lower : (moved > upper ? upper : moved);
}

static inline void sign_step_at(
    size_t i, GLOBAL scalar *point, GLOBAL const scalar *origin, GLOBAL const scalar *gradient, scalar alpha,
    scalar eps, scalar lower, scalar upper) {
    point[i] = sign_step_of(point[i], origin[i], gradient[i], alpha, eps, lower, upper);
}

#ifdef __OPENCL_C_VERSION__
__kernel void sign_step(
    __global scalar *point, __global const scalar *origin, __global const scalar *gradient, scalar alpha, scalar eps,
    scalar lower, scalar upper, ulong count) {
    size_t i = get_global_id(0);
    if (i < count)
        sign_step_at(i, point, origin, gradient, alpha, eps, lower, upper);
}
#endif

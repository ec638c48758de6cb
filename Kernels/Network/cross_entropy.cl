// Softmax cross-entropy of each row of outputs f, and its gradient in them.
//
//     classes > 1:   loss = log sum_c exp f_c - sum_c y_c f_c,   gradient_c = scale (p_c - y_c);  y one-hot
//     classes == 1:  loss = log(1 + exp(-y f)),                  gradient = -scale y / (1 + exp(y f));  y = +-1
//
// losses             [count]
// gradient, outputs, targets  [count, classes]

#if defined(__OPENCL_C_VERSION__) || REAL_BITS == 64
#define CROSS_ENTROPY_EXP exp
#define CROSS_ENTROPY_LOG log
#define CROSS_ENTROPY_LOG1P log1p
#else
#define CROSS_ENTROPY_EXP expf
#define CROSS_ENTROPY_LOG logf
#define CROSS_ENTROPY_LOG1P log1pf
#endif

STEP void cross_entropy_at(
    SIZE row, GLOBAL scalar *losses, GLOBAL scalar *gradient, GLOBAL const scalar *outputs,
    GLOBAL const scalar *targets, SIZE classes, scalar scale) {
    GLOBAL const scalar *f = outputs + row * classes;
    GLOBAL const scalar *y = targets + row * classes;
    GLOBAL scalar *g = gradient + row * classes;
    if (classes == 1) {
        // With e = exp(-|y f|) nothing overflows.
        scalar margin = y[0] * f[0];
        scalar e = CROSS_ENTROPY_EXP(margin > 0 ? -margin : margin);
        losses[row] = (margin > 0 ? 0 : -margin) + CROSS_ENTROPY_LOG1P(e);
        g[0] = -scale * y[0] * (margin > 0 ? e : 1) / (1 + e);
        return;
    }
    scalar largest = f[0];
    for (SIZE c = 1; c < classes; c++) largest = f[c] > largest ? f[c] : largest;
    scalar sum = 0;
    scalar loss = 0;
    for (SIZE c = 0; c < classes; c++) {
        g[c] = CROSS_ENTROPY_EXP(f[c] - largest);
        sum += g[c];
        loss -= y[c] * (f[c] - largest);
    }
    losses[row] = CROSS_ENTROPY_LOG(sum) + loss;
    for (SIZE c = 0; c < classes; c++) g[c] = scale * (g[c] / sum - y[c]);
}

#ifdef __OPENCL_C_VERSION__
__kernel void cross_entropy(
    __global scalar *losses, __global scalar *gradient, __global const scalar *outputs, __global const scalar *targets,
    ulong classes, scalar scale, ulong count) {
    if (get_global_id(0) < count)
        cross_entropy_at(get_global_id(0), losses, gradient, outputs, targets, classes, scale);
}
#endif

// Normalisation of every pixel over its channels, its reverse step, and that of its tangent; no affine parameters.
//
//     layer_norm:          y = (x - mean(x)) / s, s = sqrt(var(x) + eps)
//     layer_norm_reverse:  g <- (g - mean(g) - y mean(g y)) / s, in place
//     layer_norm_curvature:  target = the gradient in x of <g, J u>, J being the derivative of y in x. With z = x - mean(x),
//                          A = sum of g (u - mean(u)), B = <g, z> <u, z>, C channels:
//         -(A z - 3 B z / (C s^2) + <u, z> (g - mean(g)) + <g, z> (u - mean(u))) / (C s^3)
//
// target, source, cotangent, tangent  [count, channels]; g = cotangent from number `offset` on, u = tangent
// saved                      the inputs x, [period, channels]: row r of the cotangent belongs to row r % period

STEP void layer_norm_moments(GLOBAL const scalar *x, SIZE channels, scalar eps, scalar *mean, scalar *inverse) {
    scalar sum = 0;
    for (SIZE c = 0; c < channels; c++) sum += x[c];
    *mean = sum / (scalar)channels;
    scalar squares = 0;
    for (SIZE c = 0; c < channels; c++) squares += (x[c] - *mean) * (x[c] - *mean);
    *inverse = 1 / sqrt(squares / (scalar)channels + eps);
}

STEP void layer_norm_at(SIZE row, GLOBAL scalar *target, GLOBAL const scalar *source, SIZE channels, scalar eps) {
    scalar mean, inverse;
    GLOBAL const scalar *x = source + row * channels;
    layer_norm_moments(x, channels, eps, &mean, &inverse);
    for (SIZE c = 0; c < channels; c++) target[row * channels + c] = (x[c] - mean) * inverse;
}

STEP void layer_norm_reverse_at(
    SIZE row, GLOBAL scalar *cotangent, GLOBAL const scalar *saved, SIZE period, SIZE channels, scalar eps) {
    scalar mean, inverse;
    GLOBAL const scalar *x = saved + row % period * channels;
    GLOBAL scalar *g = cotangent + row * channels;
    layer_norm_moments(x, channels, eps, &mean, &inverse);
    scalar sum = 0;
    scalar product = 0;
    for (SIZE c = 0; c < channels; c++) {
        sum += g[c];
        product += g[c] * (x[c] - mean);
    }
    sum /= (scalar)channels;
    product *= inverse * inverse / (scalar)channels;
    for (SIZE c = 0; c < channels; c++) g[c] = (g[c] - sum - (x[c] - mean) * product) * inverse;
}

STEP void layer_norm_curvature_at(
    SIZE row, GLOBAL scalar *target, GLOBAL const scalar *cotangent, GLOBAL const scalar *saved,
    GLOBAL const scalar *tangent, SIZE channels, scalar eps) {
    scalar mean, inverse;
    GLOBAL const scalar *x = saved + row * channels;
    GLOBAL const scalar *g = cotangent + row * channels;
    GLOBAL const scalar *u = tangent + row * channels;
    layer_norm_moments(x, channels, eps, &mean, &inverse);
    scalar g_mean = 0, u_mean = 0;
    for (SIZE c = 0; c < channels; c++) {
        g_mean += g[c];
        u_mean += u[c];
    }
    g_mean /= (scalar)channels;
    u_mean /= (scalar)channels;
    scalar gu = 0, gz = 0, uz = 0;
    for (SIZE c = 0; c < channels; c++) {
        gu += g[c] * (u[c] - u_mean);
        gz += g[c] * (x[c] - mean);
        uz += u[c] * (x[c] - mean);
    }
    scalar along = gu - 3 * gz * uz * inverse * inverse / (scalar)channels;
    scalar scale = -inverse * inverse * inverse / (scalar)channels;
    for (SIZE c = 0; c < channels; c++)
        target[row * channels + c] = scale * (along * (x[c] - mean) + uz * (g[c] - g_mean) + gz * (u[c] - u_mean));
}

#ifdef __OPENCL_C_VERSION__
__kernel void layer_norm(
    __global scalar *target, __global const scalar *source, ulong channels, scalar eps, ulong count) {
    if (get_global_id(0) < count)
        layer_norm_at(get_global_id(0), target, source, channels, eps);
}

__kernel void layer_norm_reverse(
    __global scalar *cotangent, __global const scalar *saved, ulong period, ulong channels, scalar eps, ulong count) {
    if (get_global_id(0) < count)
        layer_norm_reverse_at(get_global_id(0), cotangent, saved, period, channels, eps);
}

__kernel void layer_norm_curvature(
    __global scalar *target, __global const scalar *cotangent, ulong offset, __global const scalar *saved,
    __global const scalar *tangent, ulong channels, scalar eps, ulong count) {
    if (get_global_id(0) < count)
        layer_norm_curvature_at(get_global_id(0), target, cotangent + offset, saved, tangent, channels, eps);
}
#endif

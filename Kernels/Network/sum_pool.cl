// Pooling of finite nets by a scaled sum, and its adjoint; a mean has scale = 1 / taps, also at the border.
//
//     sum_pool:          target[row, c] = scale * sum of image[n, y, x, c] over the window's pixels
//     sum_pool_reverse:  image[n, y, x, c] = scale * sum of cotangent[row, c] over all windows that cover the pixel
//
// image              [count, height, width, channels]
// target, cotangent  [count, out_height, out_width, channels]

STEP void sum_pool_at(
    SIZE item, GLOBAL scalar *target, GLOBAL const scalar *image, scalar scale, const window_t *w) {
    long row = (long)item;
    long n = row / (w->out_width * w->out_height);
    GLOBAL scalar *sum = target + row * w->channels;
    for (long c = 0; c < w->channels; c++) sum[c] = 0;
    for (long ky = 0; ky < w->window_height; ky++) {
        long y =
            window_pixel(row / w->out_width % w->out_height * w->stride_y - w->pad_y + ky, w->height, w->circular);
        for (long kx = 0; y >= 0 && kx < w->window_width; kx++) {
            long x = window_pixel(row % w->out_width * w->stride_x - w->pad_x + kx, w->width, w->circular);
            if (x < 0)
                continue;
            GLOBAL const scalar *source = image + ((n * w->height + y) * w->width + x) * w->channels;
            for (long c = 0; c < w->channels; c++) sum[c] += source[c];
        }
    }
    for (long c = 0; c < w->channels; c++) sum[c] *= scale;
}

STEP void sum_pool_reverse_at(
    SIZE item, GLOBAL scalar *image, GLOBAL const scalar *cotangent, scalar scale, const window_t *w) {
    long x = (long)item % w->width;
    long y = (long)item / w->width % w->height;
    long n = (long)item / (w->width * w->height);
    GLOBAL scalar *sum = image + (long)item * w->channels;
    for (long c = 0; c < w->channels; c++) sum[c] = 0;
    COVERING_WINDOWS(w, n, y, x, {
        GLOBAL const scalar *source = cotangent + row * w->channels;
        for (long c = 0; c < w->channels; c++) sum[c] += source[c];
    })
    for (long c = 0; c < w->channels; c++) sum[c] *= scale;
}

#ifdef __OPENCL_C_VERSION__
__kernel void sum_pool(
    __global scalar *target, __global const scalar *image, scalar scale, WINDOW_PARAMETERS, ulong count) {
    window_t w = WINDOW_ARGUMENTS;
    if (get_global_id(0) < count)
        sum_pool_at(get_global_id(0), target, image, scale, &w);
}

__kernel void sum_pool_reverse(
    __global scalar *image, __global const scalar *cotangent, scalar scale, WINDOW_PARAMETERS, ulong count) {
    window_t w = WINDOW_ARGUMENTS;
    if (get_global_id(0) < count)
        sum_pool_reverse_at(get_global_id(0), image, cotangent, scale, &w);
}
#endif

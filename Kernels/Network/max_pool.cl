// Pooling of finite nets by the largest number of a window, its tangent and its reverse step. Of equal numbers the first tap counts.
//
//     max_pool:          target[row, c] = max of image[n, y, x, c] over the window's pixels, choice[row, c] = its tap
//     max_pool_tangent:  target[row, c] = image[n, y, x, c] at the tap choice[row, c]
//     max_pool_reverse:  image[n, y, x, c] = sum of cotangent[row, c] over the windows whose choice lies on the pixel
//
// image                      [count, height, width, channels]; taps outside it are ignored
// target, choice, cotangent  [count, out_height, out_width, channels]
// saved                      images that `choice` holds: image n of the cotangent belongs to image n % saved

STEP void max_pool_at(
    SIZE item, GLOBAL scalar *target, GLOBAL scalar *choice, GLOBAL const scalar *image, const window_t *w) {
    long row = (long)item;
    long n = row / (w->out_width * w->out_height);
    GLOBAL scalar *largest = target + row * w->channels;
    GLOBAL scalar *taps = choice + row * w->channels;
    for (long c = 0; c < w->channels; c++) taps[c] = -1;
    for (long ky = 0; ky < w->window_height; ky++) {
        long y =
            window_pixel(row / w->out_width % w->out_height * w->stride_y - w->pad_y + ky, w->height, w->circular);
        for (long kx = 0; y >= 0 && kx < w->window_width; kx++) {
            long x = window_pixel(row % w->out_width * w->stride_x - w->pad_x + kx, w->width, w->circular);
            if (x < 0)
                continue;
            GLOBAL const scalar *source = image + ((n * w->height + y) * w->width + x) * w->channels;
            scalar tap = (scalar)(ky * w->window_width + kx);
            for (long c = 0; c < w->channels; c++) {
                int better = taps[c] < 0 || source[c] > largest[c];
                largest[c] = better ? source[c] : largest[c];
                taps[c] = better ? tap : taps[c];
            }
        }
    }
}

STEP void max_pool_tangent_at(
    SIZE item, GLOBAL scalar *target, GLOBAL const scalar *choice, GLOBAL const scalar *image, const window_t *w) {
    long row = (long)item;
    GLOBAL const scalar *first = image + row / (w->out_width * w->out_height) * w->height * w->width * w->channels;
    long top = row / w->out_width % w->out_height * w->stride_y - w->pad_y;
    long left = row % w->out_width * w->stride_x - w->pad_x;
    for (long c = 0; c < w->channels; c++) {
        long tap = (long)choice[row * w->channels + c];
        long y = window_pixel(top + tap / w->window_width, w->height, w->circular);
        long x = window_pixel(left + tap % w->window_width, w->width, w->circular);
        target[row * w->channels + c] = first[(y * w->width + x) * w->channels + c];
    }
}

STEP void max_pool_reverse_at(
    SIZE item, GLOBAL scalar *image, GLOBAL const scalar *cotangent, GLOBAL const scalar *choice, SIZE saved,
    const window_t *w) {
    long x = (long)item % w->width;
    long y = (long)item / w->width % w->height;
    long n = (long)item / (w->width * w->height);
    // From a row of the cotangent back to the row of the choice.
    long shift = (n - n % (long)saved) * w->out_height * w->out_width;
    GLOBAL scalar *sum = image + (long)item * w->channels;
    for (long c = 0; c < w->channels; c++) sum[c] = 0;
    COVERING_WINDOWS(w, n, y, x, {
        GLOBAL const scalar *source = cotangent + row * w->channels;
        GLOBAL const scalar *taps = choice + (row - shift) * w->channels;
        scalar tap = (scalar)(ky * w->window_width + kx);
        for (long c = 0; c < w->channels; c++) sum[c] += taps[c] == tap ? source[c] : 0;
    })
}

#ifdef __OPENCL_C_VERSION__
__kernel void max_pool(
    __global scalar *target, __global scalar *choice, __global const scalar *image, WINDOW_PARAMETERS, ulong count) {
    window_t w = WINDOW_ARGUMENTS;
    if (get_global_id(0) < count)
        max_pool_at(get_global_id(0), target, choice, image, &w);
}

__kernel void max_pool_tangent(
    __global scalar *target, __global const scalar *choice, __global const scalar *image, WINDOW_PARAMETERS,
    ulong count) {
    window_t w = WINDOW_ARGUMENTS;
    if (get_global_id(0) < count)
        max_pool_tangent_at(get_global_id(0), target, choice, image, &w);
}

__kernel void max_pool_reverse(
    __global scalar *image, __global const scalar *cotangent, __global const scalar *choice, ulong saved,
    WINDOW_PARAMETERS, ulong count) {
    window_t w = WINDOW_ARGUMENTS;
    if (get_global_id(0) < count)
        max_pool_reverse_at(get_global_id(0), image, cotangent, choice, saved, &w);
}
#endif

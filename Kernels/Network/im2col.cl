// What the windows of a convolution see, as rows of a matrix, and the adjoint of that map.
//
//     im2col:  columns[row, tap, c] = image[n, y, x, c] where the tap lies on a pixel, else 0
//     col2im:  image[n, y, x, c] = sum of columns[row, tap, c] over all windows that cover the pixel
//
// image    [count, height, width, channels] from number `offset` on
// columns  [count * out_height * out_width, window_height * window_width, channels]
//
// im2col: one work-item copies one line of a window; col2im: one work-item gathers one pixel, in a fixed order.

STEP void im2col_at(SIZE item, GLOBAL scalar *columns, GLOBAL const scalar *image, const window_t *w) {
    long ky = (long)item % w->window_height;
    long row = (long)item / w->window_height;
    long left = row % w->out_width * w->stride_x - w->pad_x;
    long n = row / (w->out_width * w->out_height);
    long y = window_pixel(row / w->out_width % w->out_height * w->stride_y - w->pad_y + ky, w->height, w->circular);
    GLOBAL scalar *target = columns + (long)item * w->window_width * w->channels;
    long length = w->window_width * w->channels;
    if (y < 0) {
        for (long i = 0; i < length; i++) target[i] = 0;
        return;
    }
    GLOBAL const scalar *line = image + (n * w->height + y) * w->width * w->channels;
    if (left >= 0 && left + w->window_width <= w->width) {
        GLOBAL const scalar *source = line + left * w->channels;
        for (long i = 0; i < length; i++) target[i] = source[i];
        return;
    }
    for (long kx = 0; kx < w->window_width; kx++) {
        long x = window_pixel(left + kx, w->width, w->circular);
        for (long c = 0; c < w->channels; c++)
            target[kx * w->channels + c] = x < 0 ? 0 : line[x * w->channels + c];
    }
}

STEP void col2im_at(SIZE item, GLOBAL scalar *image, GLOBAL const scalar *columns, const window_t *w) {
    long x = (long)item % w->width;
    long y = (long)item / w->width % w->height;
    long n = (long)item / (w->width * w->height);
    long taps = w->window_height * w->window_width;
    GLOBAL scalar *target = image + (long)item * w->channels;
    for (long c = 0; c < w->channels; c++) target[c] = 0;
    COVERING_WINDOWS(w, n, y, x, {
        GLOBAL const scalar *source = columns + (row * taps + ky * w->window_width + kx) * w->channels;
        for (long c = 0; c < w->channels; c++) target[c] += source[c];
    })
}

#ifdef __OPENCL_C_VERSION__
__kernel void im2col(
    __global scalar *columns, __global const scalar *image, ulong offset, WINDOW_PARAMETERS, ulong count) {
    window_t w = WINDOW_ARGUMENTS;
    if (get_global_id(0) < count)
        im2col_at(get_global_id(0), columns, image + offset, &w);
}

__kernel void col2im(
    __global scalar *image, __global const scalar *columns, ulong offset, WINDOW_PARAMETERS, ulong count) {
    window_t w = WINDOW_ARGUMENTS;
    if (get_global_id(0) < count)
        col2im_at(get_global_id(0), image + offset, columns, &w);
}
#endif

// What the windows of a convolution see, as rows of a matrix, and the adjoint of that map.
//
//     im2col:  columns[row, tap, c] = image[n, y, x, c] where the tap lies on a pixel, else 0
//     col2im:  image[n, y, x, c] = sum of columns[row, tap, c] over all windows that cover the pixel
//
// image    [count, height, width, channels] from number `offset` on
// columns  [count * out_height * out_width, window_height * window_width, channels]
//
// im2col: one work-item copies one line of a window; col2im: one work-item gathers one pixel, in a fixed order.

// Line ky of the window at (out_y, out_x) of image n.
STEP void im2col_line(
    GLOBAL scalar *target, GLOBAL const scalar *image, long n, long out_y, long out_x, long ky, const window_t *w) {
    long left = out_x * w->stride_x - w->pad_x;
    long y = window_pixel(out_y * w->stride_y - w->pad_y + ky, w->height, w->circular);
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

// Pixel (y, x) of image n.
STEP void col2im_pixel(
    GLOBAL scalar *target, GLOBAL const scalar *columns, long n, long y, long x, const window_t *w) {
    long taps = w->window_height * w->window_width;
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
    long item = (long)get_global_id(0);
    long row = item / w.window_height;
    if (get_global_id(0) < count)
        im2col_line(
            columns + item * w.window_width * w.channels, image + offset, row / (w.out_width * w.out_height),
            row / w.out_width % w.out_height, row % w.out_width, item % w.window_height, &w);
}

__kernel void col2im(
    __global scalar *image, __global const scalar *columns, ulong offset, WINDOW_PARAMETERS, ulong count) {
    window_t w = WINDOW_ARGUMENTS;
    long item = (long)get_global_id(0);
    if (get_global_id(0) < count)
        col2im_pixel(
            image + offset + item * w.channels, columns, item / (w.width * w.height), item / w.width % w.height,
            item % w.width, &w);
}
#endif

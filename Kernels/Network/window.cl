// Where the windows of a convolution or a pooling lie on an image; joined in front of the texts that need it.
//
// Images are [count, height, width, channels], row-major. A window of window_height x window_width taps moves by
// stride_y, stride_x and begins pad_y, pad_x in front of the image; circular: 1 where the image goes on at its other
// side, else 0. Window positions of all images are counted as one: "row". Taps are counted row-major: "tap".

typedef struct {
    long height, width, channels;
    long out_height, out_width;
    long window_height, window_width;
    long stride_y, stride_x;
    long pad_y, pad_x;
    long circular;
} window_t;

#define WINDOW_PARAMETERS                                                                                              \
    SIZE height, SIZE width, SIZE channels, SIZE out_height, SIZE out_width, SIZE window_height, SIZE window_width,    \
        SIZE stride_y, SIZE stride_x, SIZE pad_y, SIZE pad_x, SIZE circular
#define WINDOW_ARGUMENTS                                                                                               \
    {(long)height,   (long)width,    (long)channels, (long)out_height, (long)out_width, (long)window_height,           \
     (long)window_width, (long)stride_y, (long)stride_x, (long)pad_y,  (long)pad_x,     (long)circular}

// The pixel at a position along one axis; negative outside the image.
STEP long window_pixel(long position, long size, long circular) {
    if (circular)
        return (position % size + size) % size;
    return position < size ? position : -1;
}

// t / stride where it is whole, else -1. Positions fit 32 bits, whose division is the faster one.
STEP long window_position(long t, long stride) {
    if (stride == 1)
        return t;
    int quotient = (int)t / (int)stride;
    return quotient * stride == t ? quotient : -1;
}

// All windows that cover the pixel (y, x) of image n, with the tap (ky, kx) that lies on it: runs `body` with
// `row`, `ky` and `kx`.
// Along one axis a window at t = out * stride has its tap k on the pixel where t = pixel + pad - k; on a circle also
// where t differs by the image's size.
#define COVERING_WINDOWS(w, n, y, x, body)                                                                             \
    for (long ky = 0; ky < (w)->window_height; ky++) {                                                                 \
        long last_y_ = ((w)->out_height - 1) * (w)->stride_y;                                                          \
        long t_y_ = (y) + (w)->pad_y - ky;                                                                             \
        if (t_y_ < 0 || (w)->circular)                                                                                 \
            t_y_ = (w)->circular ? (t_y_ % (w)->height + (w)->height) % (w)->height : last_y_ + 1;                     \
        for (; t_y_ <= last_y_; t_y_ += (w)->circular ? (w)->height : last_y_ + 1) {                                   \
            long out_y_ = window_position(t_y_, (w)->stride_y);                                                        \
            if (out_y_ < 0)                                                                                            \
                continue;                                                                                              \
            for (long kx = 0; kx < (w)->window_width; kx++) {                                                          \
                long last_x_ = ((w)->out_width - 1) * (w)->stride_x;                                                   \
                long t_x_ = (x) + (w)->pad_x - kx;                                                                     \
                if (t_x_ < 0 || (w)->circular)                                                                         \
                    t_x_ = (w)->circular ? (t_x_ % (w)->width + (w)->width) % (w)->width : last_x_ + 1;                \
                for (; t_x_ <= last_x_; t_x_ += (w)->circular ? (w)->width : last_x_ + 1) {                            \
                    long out_x_ = window_position(t_x_, (w)->stride_x);                                                \
                    if (out_x_ < 0)                                                                                    \
                        continue;                                                                                      \
                    long row = ((n) * (w)->out_height + out_y_) * (w)->out_width + out_x_;                             \
                    body                                                                                               \
                }                                                                                                      \
            }                                                                                                          \
        }                                                                                                              \
    }

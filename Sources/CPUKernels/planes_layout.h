// Where the entries of planes lie in memory. Part of planes.h.

#define LANES REAL_WIDTH
#define MOST_SLOTS PLANE_SMOOTH_SLOTS

// ---- geometry -------------------------------------------------------------------------------------------------------

// The pixels p of an image for which p + D is in the image too: height × width from (y, x) on.
typedef struct {
    int y, x, height, width;
} extent;

static inline extent extent_of(int height, int width, int dy, int dx, int is_circular) {
    if (is_circular) return (extent){0, 0, height, width};
    return (extent){dy < 0 ? -dy : 0, dx < 0 ? -dx : 0, height - (dy < 0 ? -dy : dy), width - (dx < 0 ? -dx : dx)};
}

// Index of the partner p' = p + D of pixel (y, x).
static inline size_t partner(int y, int x, int dy, int dx, int height, int width, int is_circular) {
    int py = y + dy, px = x + dx;
    if (is_circular) {
        py = py >= height ? py - height : py;
        px = px >= width ? px - width : px;
    }
    return (size_t)py * (size_t)width + (size_t)px;
}

// A plane in memory: entries of `rows` with a rim around them; at(y, x) for −rim ≤ y, x.
typedef struct {
    real *v, *t;
    int stride;
} plane;

#define AT(values, plane, y, x) ((values) + (ptrdiff_t)(y) * (plane).stride + (x))

// Rows and columns of the largest plane, rim included.
static inline void largest_plane(const ntk_planes *program, int *height, int *width) {
    *height = *width = 0;
    for (size_t s = 0; s < program->count; s++) {
        const ntk_segment *segment = &program->segments[s];
        if (segment->height > *height) *height = segment->height;
        if (segment->width > *width) *width = segment->width;
        for (size_t i = 0; i < segment->count; i++) {
            if (segment->steps[i].height > *height) *height = segment->steps[i].height;
            if (segment->steps[i].width > *width) *width = segment->steps[i].width;
        }
    }
    *height += 2 * program->rim_y;
    *width += 2 * program->rim_x;
}

static inline size_t plane_size(const ntk_planes *program) {
    int height, width;
    largest_plane(program, &height, &width);
    return (size_t)height * (size_t)width;
}

// Planes of a pooled image, each as large as its extent, in the order of the displacements.
typedef struct {
    real *v, *t;
    int height, width, range_y, range_x;
} plane_set;

static inline int extents_before(int size, int range, int d) {
    int sum = 0;
    for (int i = -range; i < d; i++) sum += size - (i < 0 ? -i : i);
    return sum;
}

static inline size_t plane_set_size(int height, int width, int range_y, int range_x) {
    return (size_t)extents_before(height, range_y, range_y + 1) * (size_t)extents_before(width, range_x, range_x + 1);
}

static inline size_t plane_offset(const plane_set *set, int dy, int dx) {
    int all = extents_before(set->width, set->range_x, set->range_x + 1);
    int height = set->height - (dy < 0 ? -dy : dy);
    return (size_t)extents_before(set->height, set->range_y, dy) * (size_t)all +
           (size_t)height * (size_t)extents_before(set->width, set->range_x, dx);
}

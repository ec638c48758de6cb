// One row of a plane through one step, and the two images that it is made of. Part of planes.h.

// ---- one image against a panel --------------------------------------------------------------------------------------

// A row is one image whose numbers all lanes share, the column side a panel. For images against themselves either both
// sides are the same panel, or both the same single image.
typedef enum { ROW_AGAINST_PANEL, PANEL_AGAINST_ITSELF, ROW_AGAINST_ITSELF } pairing;

typedef struct {
    const scalar *row;
    const scalar *col;
    pairing pairing;
} images;

STEP void row_value(const images *images, size_t index, real *value) {
    *value = images->pairing == PANEL_AGAINST_ITSELF ? LOAD(images->row + index * LANES) : R(images->row[index]);
}

STEP void col_value(const images *images, size_t index, real *value) {
    *value = images->pairing == ROW_AGAINST_ITSELF ? R(images->col[index]) : LOAD(images->col + index * LANES);
}

// Loads `count` slots that lie `pixels` apart.
STEP void load_slots(const images *images, size_t slot, size_t pixels, size_t count, size_t p, size_t q, real *row,
                     real *col) {
#pragma unroll
    for (size_t i = 0; i < count; i++) {
        row_value(images, slot + i * pixels + p, &row[i]);
        col_value(images, slot + i * pixels + q, &col[i]);
    }
}

// The rim of a plane before a convolution: outside of one image its pixel is 0, so that v is the other's variance.
STEP void fill_rim(plane plane, extent rows, const ntk_plane_step *step, int dy, int dx, const images *images,
                   int has_ntk) {
    const ntk_window *w = &step->window;
    if (!w->is_padded) return;
    int height = step->input_height, width = step->input_width;
    int bottom = w->height - 1 - w->top, right = w->width - 1 - w->left;
    for (int y = -w->top; y < rows.height + bottom; y++) {
        for (int x = -w->left; x < rows.width + right; x++) {
            if (y >= 0 && y < rows.height && x >= 0 && x < rows.width) {
                x = rows.width - 1;
                continue;
            }
            if (w->is_circular) {
                int iy = (y + rows.height) % rows.height, ix = (x + rows.width) % rows.width;
                *AT(plane.v, plane, y, x) = *AT(plane.v, plane, iy, ix);
                if (has_ntk) *AT(plane.t, plane, y, x) = *AT(plane.t, plane, iy, ix);
                continue;
            }
            int py = y + rows.y, px = x + rows.x, qy = py + dy, qx = px + dx;
            real v = 0;
            if (step->slot != NTK_NO_SLOT) {
                if (py >= 0 && py < height && px >= 0 && px < width)
                    row_value(images, step->slot + (size_t)py * (size_t)width + (size_t)px, &v);
                else if (qy >= 0 && qy < height && qx >= 0 && qx < width)
                    col_value(images, step->slot + (size_t)qy * (size_t)width + (size_t)qx, &v);
            }
            *AT(plane.v, plane, y, x) = v;
            if (has_ntk) *AT(plane.t, plane, y, x) = R(0);
        }
    }
}

// One row of a window sum: result[x] = scale Σ input over the window whose first pixel is (y, x · stride).
STEP void window_row(const real *input, int stride, const ntk_window *w, int y, int width, const real *scale,
                     real *columns, real *result) {
    int reach = (width - 1) * w->stride_x + w->width;
    const real *first = input + (ptrdiff_t)y * stride;
    if (w->height == 3) {
        for (int x = 0; x < reach; x++) columns[x] = first[x] + first[stride + x] + first[2 * stride + x];
    } else {
        for (int x = 0; x < reach; x++) {
            real sum = first[x];
            for (int i = 1; i < w->height; i++) sum += first[(ptrdiff_t)i * stride + x];
            columns[x] = sum;
        }
    }
    if (w->width == 3 && w->stride_x == 1) {
        for (int x = 0; x < width; x++) result[x] = *scale * (columns[x] + columns[x + 1] + columns[x + 2]);
    } else {
        for (int x = 0; x < width; x++) {
            real sum = columns[x * w->stride_x];
            for (int i = 1; i < w->width; i++) sum += columns[x * w->stride_x + i];
            result[x] = *scale * sum;
        }
    }
}

// ---- pointwise steps on a row of a plane ----------------------------------------------------------------------------

// Runs `statement` for every entry of a row: s the entry, row and col the slots. Adds k to t where a convolution with
// weights has just been done.
#define FOR_ENTRIES(slot_count, statement)                                                                             \
    for (int x = 0; x < width; x++) {                                                                                  \
        real row[MOST_SLOTS], col[MOST_SLOTS];                                                                         \
        load_slots(images, step->slot, pixels, slot_count, p + (size_t)x, q + (size_t)x, row, col);                    \
        entry s = {v[x], t[x]};                                                                                        \
        if (adds_covariance) {                                                                                         \
            real k;                                                                                                    \
            entry_covariance(&s, row, col, &k);                                                                        \
            s.t += k;                                                                                                  \
        }                                                                                                              \
        if (tape_v) tape_v[x] = s.v, tape_t[x] = s.t;                                                                  \
        statement;                                                                                                     \
        v[x] = s.v;                                                                                                    \
        t[x] = s.t;                                                                                                    \
    }                                                                                                                  \
    break

STEP void pointwise_entries(const ntk_plane_step *step, const images *images, size_t p, size_t q, int width,
                            int adds_covariance, real *v, real *t, real *tape_v, real *tape_t) {
    size_t pixels = (size_t)step->height * (size_t)step->width;
    // A copy that no store can alias, so that nothing is loaded again in the loop.
    const acc parameters[NTK_STEP_PARAMETERS] = {step->parameters[0], step->parameters[1], step->parameters[2],
                                                 step->parameters[3]};
    switch (step->opcode) {
    case NTK_ABRELU: FOR_ENTRIES(2, abrelu_entry(&s, row, col, parameters));
    case NTK_ERF: FOR_ENTRIES(6, erf_entry(&s, row, col, parameters));
    case NTK_GELU: FOR_ENTRIES(6, gelu_entry(&s, row, col, parameters));
    case NTK_LAYER_NORM: FOR_ENTRIES(3, layer_norm_entry(&s, row, col, parameters));
    default: break;
    }
}

STEP void pointwise_row(const ntk_plane_step *step, const images *images_, size_t p, size_t q, int width,
                        int adds_covariance, real *v, real *t, real *tape_v, real *tape_t) {
    // The common case apart, with what it decides as constants.
    images sides = *images_;
    if (sides.pairing == ROW_AGAINST_PANEL && adds_covariance && !tape_v) {
        sides.pairing = ROW_AGAINST_PANEL;
        pointwise_entries(step, &sides, p, q, width, 1, v, t, 0, 0);
    } else if (sides.pairing == ROW_AGAINST_PANEL && adds_covariance) {
        sides.pairing = ROW_AGAINST_PANEL;
        pointwise_entries(step, &sides, p, q, width, 1, v, t, tape_v, tape_t);
    } else {
        pointwise_entries(step, &sides, p, q, width, adds_covariance, v, t, tape_v, tape_t);
    }
}

static inline int is_pointwise(ntk_opcode opcode) {
    return opcode == NTK_ABRELU || opcode == NTK_ERF || opcode == NTK_GELU || opcode == NTK_LAYER_NORM;
}

// After a convolution that no activation follows: t += k with k = (q₁ + q₂ − v)/2.
STEP void add_covariance_row(const ntk_plane_step *step, const images *images, size_t p, size_t q, int width,
                             const real *v, real *t) {
    for (int x = 0; x < width; x++) {
        real q1, q2;
        row_value(images, step->after + p + (size_t)x, &q1);
        col_value(images, step->after + q + (size_t)x, &q2);
        t[x] += R(0.5) * (q1 + q2 - v[x]);
    }
}

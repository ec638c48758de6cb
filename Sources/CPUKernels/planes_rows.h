// One row of a plane through one step. Part of planes.h.

#define MOST_SLOTS PLANE_SMOOTH_SLOTS

// The two images, as ROW and COL take them, from some slot and pixels on.
typedef struct {
    const scalar *row, *col;
    int pairing;
} images;

STEP images images_of(const pass *s) { return (images){s->row, s->col, s->pairing}; }

// What loops run over is counted in addresses, so that they have no more to do than to go on.
STEP images images_from(const images *s, int slot, int p, int q) {
    return (images){s->row + (ptrdiff_t)(slot + p) * (s->pairing == PANEL_AGAINST_ITSELF ? LANES : 1),
                    s->col + (ptrdiff_t)(slot + q) * (s->pairing == ROW_AGAINST_ITSELF ? 1 : LANES), s->pairing};
}

LOAD_SLOTS(images, ptrdiff_t)

// A copy of a step's parameters that no store can alias, so that nothing is loaded again in a loop.
#define OWN_PARAMETERS(s, step)                                                                                        \
    const acc *first_parameter = (s)->parameters + (step)->parameter;                                                  \
    const acc parameters[4] = {first_parameter[0], first_parameter[1], first_parameter[2], first_parameter[3]}

// ---- windows --------------------------------------------------------------------------------------------------------

// result[x] = scale * sum of input over the window whose first pixel is (y, x stride_x).
STEP void window_row(const real *input, int stride, const window *w, int y, int width, const real *scale, real *columns,
                     real *result) {
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

// 3 x 3 windows side by side, as nearly all are: their sums are made where they are wanted, without a place in memory.
typedef struct {
    // The first pixels of the first windows of a row.
    const real *first, *second;
    int stride;
    real scale;
} windows;

STEP int is_dense_3x3(const window *w) { return w->height == 3 && w->width == 3 && w->stride_y == 1 && w->stride_x == 1; }

#define COLUMN_OF(top, stride) ((top)[0] + (top)[stride] + (top)[2 * (stride)])

// Sums along a row: columns of three are kept from one window to the next.
typedef struct {
    real before, here;
} window_sum;

STEP void open_windows(const real *top, int stride, window_sum *sum) {
    sum->before = COLUMN_OF(top, stride);
    sum->here = COLUMN_OF(top + 1, stride);
}

STEP void next_window(const real *top, int stride, const real *scale, window_sum *sum, real *result) {
    real after = COLUMN_OF(top + 2, stride);
    *result = *scale * (sum->before + sum->here + after);
    sum->before = sum->here;
    sum->here = after;
}

// In a loop over x: the two values at an entry, from windows or from where they lie.
#define OPEN_WINDOWS(from)                                                                                             \
    window_sum sum_1, sum_2;                                                                                           \
    if (from) {                                                                                                        \
        open_windows((from)->first, (from)->stride, &sum_1);                                                           \
        open_windows((from)->second, (from)->stride, &sum_2);                                                          \
    }
#define TAKE_ENTRY(from, in_1, in_2, a, b)                                                                              \
    if (from) {                                                                                                        \
        next_window((from)->first + x, (from)->stride, &(from)->scale, &sum_1, &(a));                                  \
        next_window((from)->second + x, (from)->stride, &(from)->scale, &sum_2, &(b));                                 \
    } else {                                                                                                           \
        (a) = (in_1)[x];                                                                                               \
        (b) = (in_2)[x];                                                                                               \
    }

// ---- pointwise steps ------------------------------------------------------------------------------------------------

// Runs `statement` for every entry of a row: e the entry, row and col the slots. Adds k to t where a convolution with
// weights has just been done.
#define FOR_ENTRIES(slot_count, statement)                                                                             \
    {                                                                                                                  \
        OPEN_WINDOWS(from)                                                                                             \
        for (ptrdiff_t x = 0; x < width; x++) {                                                                        \
            real row[MOST_SLOTS], col[MOST_SLOTS];                                                                     \
            load_slots(&at, 0, pixels, slot_count, x, x, row, col);                                                    \
            entry e;                                                                                                   \
            TAKE_ENTRY(from, v, t, e.v, e.t)                                                                           \
            if (adds_covariance) add_covariance(&e, row, col);                                                         \
            if (tape_v) tape_v[x] = e.v, tape_t[x] = e.t;                                                              \
            statement;                                                                                                 \
            v[x] = e.v;                                                                                                \
            t[x] = e.t;                                                                                                \
        }                                                                                                              \
    }                                                                                                                  \
    break

STEP void add_covariance(entry *e, const real *row, const real *col) {
    real k;
    entry_covariance(e, row, col, &k);
    e->t += k;
}

STEP void pointwise_entries(const pass *s, const plane_step *step, const images *sides, int p, int q, int width,
                            int adds_covariance, const windows *from, real *v, real *t, real *tape_v, real *tape_t) {
    ptrdiff_t pixels = step->height * step->width;
    images at = images_from(sides, step->slot, p, q);
    OWN_PARAMETERS(s, step);
    switch (step->opcode) {
    case STEP_ABRELU: FOR_ENTRIES(2, abrelu_entry(&e, row, col, parameters));
    case STEP_ERF: FOR_ENTRIES(6, erf_entry(&e, row, col, parameters));
    case STEP_GELU: FOR_ENTRIES(6, gelu_entry(&e, row, col, parameters));
    case STEP_LAYER_NORM: FOR_ENTRIES(3, layer_norm_entry(&e, row, col, parameters));
    default: break;
    }
}

// One step on a row: of entries that lie at v and t, or of the sums over windows.
STEP void pointwise_row(const pass *s, const plane_step *step, int p, int q, int width, int adds_covariance,
                        const windows *from, real *v, real *t, real *tape_v, real *tape_t) {
    // The common cases apart, with what they decide as constants.
    images sides = images_of(s);
    if (sides.pairing == ROW_AGAINST_PANEL && from && !tape_v) {
        sides.pairing = ROW_AGAINST_PANEL;
        pointwise_entries(s, step, &sides, p, q, width, 1, from, v, t, 0, 0);
    } else if (sides.pairing == ROW_AGAINST_PANEL && from) {
        sides.pairing = ROW_AGAINST_PANEL;
        pointwise_entries(s, step, &sides, p, q, width, 1, from, v, t, tape_v, tape_t);
    } else if (from) {
        pointwise_entries(s, step, &sides, p, q, width, 1, from, v, t, tape_v, tape_t);
    } else {
        pointwise_entries(s, step, &sides, p, q, width, adds_covariance, 0, v, t, tape_v, tape_t);
    }
}

// After a convolution that no activation follows: t += k with k = (q1 + q2 - v)/2.
STEP void add_covariance_row(const pass *s, const plane_step *step, int p, int q, int width, const real *v, real *t) {
    for (int x = 0; x < width; x++) {
        real q1 = ROW(s, step->after + p + x), q2 = COL(s, step->after + q + x);
        t[x] += R(0.5) * (q1 + q2 - v[x]);
    }
}

// ---- backwards ------------------------------------------------------------------------------------------------------

// own_2, where it is wanted, receives the second image's share: the same with the sides exchanged.
#define FOR_ADJOINTS(slot_count, function)                                                                             \
    {                                                                                                                  \
        OPEN_WINDOWS(from)                                                                                             \
        for (ptrdiff_t x = 0; x < width; x++) {                                                                        \
            real row[MOST_SLOTS], col[MOST_SLOTS], own;                                                                \
            load_slots(&at, 0, pixels, slot_count, x, x, row, col);                                                    \
            entry e = {tape_v[x], tape_t[x]};                                                                          \
            adjoint g;                                                                                                 \
            TAKE_ENTRY(from, k, t, g.k, g.t)                                                                           \
            if (own_2) {                                                                                               \
                adjoint other = g;                                                                                     \
                function(&e, &other, &own, col, row, parameters);                                                      \
                own_2[x] += own;                                                                                       \
            }                                                                                                          \
            function(&e, &g, &own, row, col, parameters);                                                              \
            own_1[x] += own;                                                                                           \
            k[x] = adds_covariance ? g.k + g.t : g.k;                                                                  \
            t[x] = g.t;                                                                                                \
        }                                                                                                              \
    }                                                                                                                  \
    break

STEP void reverse_entries(const pass *s, const plane_step *step, const images *sides, int p, int q, int width,
                          int adds_covariance, const windows *from, const real *tape_v, const real *tape_t, real *k,
                          real *t, real *own_1, real *own_2) {
    ptrdiff_t pixels = step->height * step->width;
    images at = images_from(sides, step->slot, p, q);
    OWN_PARAMETERS(s, step);
    switch (step->opcode) {
    case STEP_ABRELU: FOR_ADJOINTS(2, abrelu_entry_reverse);
    case STEP_ERF: FOR_ADJOINTS(6, erf_entry_reverse);
    case STEP_GELU: FOR_ADJOINTS(6, gelu_entry_reverse);
    case STEP_LAYER_NORM: FOR_ADJOINTS(3, layer_norm_entry_reverse);
    default: break;
    }
}

STEP void reverse_row(const pass *s, const plane_step *step, int p, int q, int width, int adds_covariance,
                      const windows *from, const real *tape_v, const real *tape_t, real *k, real *t, real *own_1,
                      real *own_2) {
    images sides = images_of(s);
    if (sides.pairing == ROW_AGAINST_PANEL && adds_covariance && from) {
        sides.pairing = ROW_AGAINST_PANEL;
        reverse_entries(s, step, &sides, p, q, width, 1, from, tape_v, tape_t, k, t, own_1, 0);
    } else if (sides.pairing == ROW_AGAINST_PANEL && adds_covariance) {
        sides.pairing = ROW_AGAINST_PANEL;
        reverse_entries(s, step, &sides, p, q, width, 1, 0, tape_v, tape_t, k, t, own_1, 0);
    } else if (from) {
        reverse_entries(s, step, &sides, p, q, width, adds_covariance, from, tape_v, tape_t, k, t, own_1, own_2);
    } else {
        reverse_entries(s, step, &sides, p, q, width, adds_covariance, 0, tape_v, tape_t, k, t, own_1, own_2);
    }
}

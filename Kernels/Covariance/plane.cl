// An entry of a plane: the covariances of one pixel of an image with one pixel of another.
//
// Carried are v = q₁ + q₂ − 2k and t = Θ, not divided by anything, because convolutions add entries up. With
// p = √q and d = p₁ − p₂, r = p₁p₂,
//
//   e = 1 − ρ = (v − d²)/(2r)      k = r − (v − d²)/2      v = d² + 2 r e
//
// v is the mean square of a difference: it has no cancellation near duplicate patches, and none is brought in here.
// Where r = 0 (a patch of zeros) the correlation is 0 by convention and k is 0 exactly.

typedef struct {
    real v, t;
} entry;

// Slots of every activation and of layer_norm begin with √q, 1/√q (0 for q = 0).
#define PLANE_P 0
#define PLANE_I 1

STEP void entry_pair(const entry *s, const real *row, const real *col, pair *result) {
    real d = row[PLANE_P] - col[PLANE_P];
    real inverse = row[PLANE_I] * col[PLANE_I];
    real e = R(0.5) * fma(-d, d, s->v) * inverse;
    result->e = SELECT(inverse > 0, fmin(fmax(e, R(0)), R(2)), R(1));
    result->c = 2 - result->e;
    result->t = R(0);
}

// k at an entry.
STEP void entry_covariance(const entry *s, const real *row, const real *col, real *k) {
    real d = row[PLANE_P] - col[PLANE_P], square = d * d;
    *k = fma(R(-0.5), s->v - square, row[PLANE_P] * col[PLANE_P]);
}

// What a rectifier starts from at an entry: d², r, 1/r, and 2 (1 − ρ), which may be out of [0, 4] by rounding. Where r = 0 the
// latter is 0 too: nothing that goes forward depends on it.
typedef struct {
    real square, r, inverse, twice_e;
} start;

STEP void entry_start(const entry *s, const real *row, const real *col, start *a) {
    real d = row[PLANE_P] - col[PLANE_P];
    a->square = d * d;
    a->r = row[PLANE_P] * col[PLANE_P];
    a->inverse = row[PLANE_I] * col[PLANE_I];
    a->twice_e = (s->v - a->square) * a->inverse;
}

// ABRelu: v' = c₂ (d² + 2 r e'), t' = c₂ (1 − κ θ) t. Parameters: c₂, f, κ, κπ. Slots: √q, 1/√q.
STEP void abrelu_entry(entry *s, const real *row, const real *col, CONSTANT acc *p) {
    start a;
    entry_start(s, row, col, &a);
    real c2 = R(p[0]), scale = R(p[0]) * R(p[2]), turn = R(p[3]), twice_c = 4 - a.twice_e, phi, twice_g;
    mask_t is_near = a.twice_e <= twice_c;
    real x = fmax(SELECT(is_near, a.twice_e, twice_c), R(0));
    abrelu_turn(&x, &scale, &phi, &twice_g);
    real far_e = fma(c2 * (turn - 1), x, c2 * (4 - 2 * turn)) - twice_g;
    s->v = fma(a.r, SELECT(is_near, c2 * x - twice_g, far_e), c2 * a.square);
    s->t *= SELECT(is_near, c2 - phi, c2 * (1 - turn) + phi);
}

// The slots of erf and gelu on planes: √q, 1/√q, √q', then n and j of smooth.cl, 1/√q'.
#define PLANE_AFTER 2
#define PLANE_N 3
#define PLANE_J 4
#define PLANE_OUT 5
#define PLANE_SMOOTH_SLOTS 6

STEP void smooth_of_plane(const real *slots, real *smooth) {
    smooth[SMOOTH_N] = slots[PLANE_N];
    smooth[SMOOTH_J] = slots[PLANE_J];
    smooth[SMOOTH_P] = slots[PLANE_P];
    smooth[SMOOTH_OUT] = slots[PLANE_OUT];
    smooth[SMOOTH_GAIN] = R(1);
}

// The start of erf and gelu at an entry: both sides' slots as smooth.cl names them, the pair and its correlation.
STEP void smooth_entry(const entry *s, const real *row, const real *col, real *a, real *b, pair *w, real *sine,
                       real *complement) {
    smooth_of_plane(row, a);
    smooth_of_plane(col, b);
    entry_pair(s, row, col, w);
    smooth_correlation(w, a, b, sine, complement);
}

// v' from e' after an activation whose √q' is `after`.
STEP void entry_from_pair(entry *s, const pair *w, const real *row_after, const real *col_after) {
    real d = *row_after - *col_after;
    s->v = fma(2 * *row_after * *col_after, w->e, d * d);
}

STEP void erf_entry(entry *s, const real *row, const real *col, CONSTANT acc *p) {
    real a[7], b[7], sine, complement;
    pair w;
    smooth_entry(s, row, col, a, b, &w, &sine, &complement);
    real inverse = 1 / sqrt(complement);
    erf_advance(&w, a, b, &sine, &complement, &inverse);
    s->t *= R(4 / PI) * inverse * a[SMOOTH_J] * b[SMOOTH_J];
    entry_from_pair(s, &w, &row[PLANE_AFTER], &col[PLANE_AFTER]);
}

STEP void gelu_entry(entry *s, const real *row, const real *col, CONSTANT acc *p) {
    real a[7], b[7], sine, complement, angle, kd, bracket;
    pair w;
    smooth_entry(s, row, col, a, b, &w, &sine, &complement);
    arcsine_of(&sine, &complement, &angle);
    gelu_slope(a, b, &sine, &complement, &angle, &kd, &bracket);
    gelu_advance(&w, a, b, &sine, &complement, &angle, &kd);
    s->t *= kd;
    entry_from_pair(s, &w, &row[PLANE_AFTER], &col[PLANE_AFTER]);
}

// LayerNorm: e stays, r' = r s₁s₂ with s = 1/√(q + ε). Slots: √q, 1/√q, s.
#define PLANE_SCALE 2

STEP void layer_norm_entry(entry *s, const real *row, const real *col, CONSTANT acc *p) {
    pair w;
    entry_pair(s, row, col, &w);
    real row_after = row[PLANE_P] * row[PLANE_SCALE];
    real col_after = col[PLANE_P] * col[PLANE_SCALE];
    s->t *= row[PLANE_SCALE] * col[PLANE_SCALE];
    entry_from_pair(s, &w, &row_after, &col_after);
}

// ---- one image ------------------------------------------------------------------------------------------------------
// Slots of one image at one pixel from its variance q, which moves on to the one behind the step; and dq'/dq.

STEP void plane_roots(acc q, acc *slot) {
    slot[PLANE_P] = sqrt(q);
    slot[PLANE_I] = q > 0 ? 1 / sqrt(q) : 0;
}

STEP void abrelu_plane_slots(acc *q, acc *slot, CONSTANT acc *p) {
    variance v = {*q, 1};
    acc own[1];
    plane_roots(*q, slot);
    abrelu_variance(&v, own, p);
    *q = v.q;
}

STEP acc abrelu_plane_slope(acc q, CONSTANT acc *p) { return p[0]; }

STEP void smooth_plane_slots(const variance *v, const acc *own, acc *slot) {
    slot[PLANE_AFTER] = sqrt(v->q);
    slot[PLANE_N] = own[SMOOTH_N];
    slot[PLANE_J] = own[SMOOTH_J];
    slot[PLANE_OUT] = own[SMOOTH_OUT];
}

// growth is d ln √q'/d ln √q.
STEP acc slope_of_growth(const variance *v, acc q) { return v->growth * v->q / q; }

// The slots of a smooth activation and d q'/dq, which is `origin` at q = 0, from its step NAME_variance.
#define SMOOTH_PLANE(NAME, origin)                                                                                     \
    STEP void NAME##_plane_slots(acc *q, acc *slot, CONSTANT acc *p) {                                                 \
        variance v = {*q, 1};                                                                                          \
        acc own[7];                                                                                                    \
        plane_roots(*q, slot);                                                                                         \
        NAME##_variance(&v, own, p);                                                                                   \
        smooth_plane_slots(&v, own, slot);                                                                             \
        *q = v.q;                                                                                                      \
    }                                                                                                                  \
                                                                                                                       \
    STEP acc NAME##_plane_slope(acc q, CONSTANT acc *p) {                                                              \
        variance v = {q, 1};                                                                                           \
        acc own[7];                                                                                                    \
        NAME##_variance(&v, own, p);                                                                                   \
        return q > 0 ? slope_of_growth(&v, q) : (acc)(origin);                                                         \
    }

SMOOTH_PLANE(erf, 4 / PI)
SMOOTH_PLANE(gelu, 0.25)

STEP void layer_norm_plane_slots(acc *q, acc *slot, CONSTANT acc *p) {
    variance v = {*q, 1};
    plane_roots(*q, slot);
    layer_norm_variance(&v, slot + PLANE_SCALE, p);
    *q = v.q;
}

STEP acc layer_norm_plane_slope(acc q, CONSTANT acc *p) {
    acc sum = q + p[0];
    return sum > 0 ? p[0] / (sum * sum) : 0;
}

// ---- reverse --------------------------------------------------------------------------------------------------------
// With g_k = ∂L/∂k' and g_t = ∂L/∂t' behind an activation k' = F(k, q₁, q₂), t' = K̇(k, q₁, q₂) t, and F_k = K̇:
//
//   ∂L/∂k = g_k K̇ + g_t t K̇_k     ∂L/∂t = g_t K̇     ∂L/∂q₁ = g_k F_1 + g_t t K̇_1
//
// The last one is what `own` receives: the first image's variance.

typedef struct {
    real k, t;
} adjoint;

STEP void abrelu_entry_reverse(const entry *s, adjoint *g, real *own, const real *row, const real *col,
                               CONSTANT acc *p) {
    start a;
    entry_start(s, row, col, &a);
    mask_t is_there = a.inverse > 0;
    real twice_e = SELECT(is_there, a.twice_e, R(2)), twice_c = 4 - twice_e;
    // 2 sin θ and 1 / (2 sin θ); the latter is 0 where the angle is rounding error of v (8 ulp of it), or where r = 0.
    real square = fmax(twice_e * twice_c, R(0)), sine = sqrt(square);
    real floor_ = fma(R(REAL_BITS == 32 ? 3.84e-6 : 7.2e-15) * a.inverse, s->v, 4 * COLLINEAR);
    real inverse = SELECT((square > floor_) & is_there, 1 / sine, R(0));
    real c2 = R(p[0]), f = R(p[1]), turn = R(p[3]), phi;
    real pull = g->t * s->t * inverse * row[PLANE_I];
    *own = R(0.25) * f * row[PLANE_I] * fma(g->k * sine, col[PLANE_P], pull * fma(R(2), twice_e, R(-4)));
    mask_t is_near = twice_e <= twice_c;
    real x = SELECT(is_near, twice_e, twice_c);
    turn_over_sine(&x, &phi);
    phi *= c2 * R(p[2]) * sine;
    real gain = SELECT(is_near, c2 - phi, c2 * (1 - turn) + phi);
    g->k = fma(g->k, gain, 2 * f * pull * col[PLANE_I]);
    g->t *= gain;
}

STEP void erf_entry_reverse(const entry *s, adjoint *g, real *own, const real *row, const real *col,
                            CONSTANT acc *p) {
    real a[7], b[7], sine, complement;
    pair w;
    smooth_entry(s, row, col, a, b, &w, &sine, &complement);
    real inverse = 1 / sqrt(complement);
    real root = a[SMOOTH_J] * b[SMOOTH_J] * inverse; // 1/√D
    real k = (1 - w.e) * row[PLANE_P] * col[PLANE_P];
    real kd = R(4 / PI) * root;
    real scale = R(-4 / PI) * a[SMOOTH_J] * a[SMOOTH_J] * root;
    *own = scale * fma(g->k, k, g->t * s->t * inverse * inverse);
    g->k = fma(g->k, kd, g->t * s->t * R(16 / PI) * k * root * root * root);
    g->t *= kd;
}

STEP void gelu_entry_reverse(const entry *s, adjoint *g, real *own, const real *row, const real *col,
                             CONSTANT acc *p) {
    real a[7], b[7], sine, complement, angle, kd, bracket, kd_k, kd_1, f_1;
    pair w;
    smooth_entry(s, row, col, a, b, &w, &sine, &complement);
    arcsine_of(&sine, &complement, &angle);
    gelu_slope(a, b, &sine, &complement, &angle, &kd, &bracket);
    gelu_partials(a, b, &sine, &complement, &bracket, &kd_k, &kd_1, &f_1);
    real pull = g->t * s->t;
    *own = fma(g->k, f_1, pull * kd_1);
    g->k = fma(g->k, kd, pull * kd_k);
    g->t *= kd;
}

STEP void layer_norm_entry_reverse(const entry *s, adjoint *g, real *own, const real *row, const real *col,
                                   CONSTANT acc *p) {
    real k;
    entry_covariance(s, row, col, &k);
    real scale = row[PLANE_SCALE] * col[PLANE_SCALE];
    *own = R(-0.5) * fma(g->k, k, g->t * s->t) * scale * row[PLANE_SCALE] * row[PLANE_SCALE];
    g->k *= scale;
    g->t *= scale;
}

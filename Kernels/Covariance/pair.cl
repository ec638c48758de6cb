// The state of a pair of inputs in the scalar geometry, and the angle functions that activations share.
//
// With q₁, q₂ the variances of the two inputs at a layer, r = √q₁ √q₂ and ρ = k / r, a pair is carried as
//
//   e = 1 − ρ     c = 1 + ρ     t = Θ / r
//
// Every step below adds non-negative terms only, so e keeps its relative accuracy down to duplicates, and c down to
// x, −x: the textbook form q₁q₂ − k² loses all digits there. It costs nothing: e and c are what the polynomials of the
// angle want as their argument. Scale drops out, so norms of 2^±60 neither overflow nor vanish in float32.
// An input of norm zero has r = 0 and, by convention, ρ = 0 (atan2(0, 0) = π/2).
//
// A pair starts from u = x/|x| = s v + w, split along a fixed unit vector v that is nearly (1, …, 1)/√d. s is <u, v>
// rounded, and δ = <w, v> what rounding left of it in w. Then
//
//   e = |u − u'|²/2 = (s − s') ((s − s')/2 + δ − δ') + h + h' − <w, w'>     h = |w|²/2
//   c = |u + u'|²/2 = (s + s') ((s + s')/2 + δ + δ') + h + h' + <w, w'>
//
// A matrix product gives <w, w'> with an error in proportion to |w||w'|. Images are far from centred, so that this is
// much less than what 1 − <u, u'> would be left with.
//
// The derivative in the first input x has two parts, carried forward along with the pair:
//
//   across   x turns towards x' at fixed norm:   k_k = ∂k/∂k₀,  t_k = ∂Θ/∂k₀,  k₀ = <x, x'>/d   (not divided by r)
//   along    x grows at fixed direction:         e_l = ∂e/∂l,   t_l = ∂t/∂l,   l = ln |x|
//
// so that with u = x/|x| and tangential = t_k |x'|/d
//
//   ∇Θ = tangential (u' − ρ u) + (∂Θ/∂l)/|x| u = tangential u' + radial u
//
// Nothing large cancels between the parts, whatever the norm; at collinear pairs, where Θ has a cone, the first part is
// dropped: that is the symmetric derivative.

typedef struct {
    real e, c, t;
} pair;

typedef struct {
    real k_k, t_k, e_l, t_l;
} tangent;

// Numbers per input that a pair starts from: |x|, s, δ and h.
#define START_NORM 0
#define START_SHARE 1
#define START_REST 2
#define START_HALF 3
#define START_NUMBERS 4

// Whether a number of w stands for a zero of x.
#define IS_ZERO(w, share, along) ((w) == (scalar)(-((share) * (along))))

// Per input and layer: the variance q and growth = ∂ ln √q/∂l.
typedef struct {
    acc q, growth;
} variance;

// Below this share of h + h' the e (or c) of a matrix product has lost digits, and is formed from differences.
#define NEAR R(REAL_BITS == 32 ? 1.0 / 64 : 1e-4)

// Twice what the shares along v give to e and to c.
STEP void start_shares(const real *row, const real *col, real *minus, real *plus) {
    real difference = row[START_SHARE] - col[START_SHARE];
    real sum = row[START_SHARE] + col[START_SHARE];
    *minus = difference * fma(R(2), row[START_REST] - col[START_REST], difference);
    *plus = sum * fma(R(2), row[START_REST] + col[START_REST], sum);
}

// The pair of two inputs with *product = <w, w'>; *is_near: lanes that `start_near_pair` must do again.
STEP void start_pair(pair *s, const real *product, const real *row, const real *col, mask_t *is_near) {
    real minus, plus;
    start_shares(row, col, &minus, &plus);
    real halves = row[START_HALF] + col[START_HALF];
    mask_t is_empty = (row[START_NORM] == 0) | (col[START_NORM] == 0);
    real e = fma(R(0.5), minus, halves - *product);
    real c = fma(R(0.5), plus, halves + *product);
    s->e = SELECT(is_empty, R(1), e);
    s->c = SELECT(is_empty, R(1), c);
    s->t = R(0);
    *is_near = fmin(s->e, s->c) < NEAR * halves;
}

// The same from *close = |w − w'|² and *opposite = |w + w'|², in the lanes that are near: nothing large cancels.
STEP void start_near_pair(pair *s, const real *close, const real *opposite, const real *row, const real *col,
                          const mask_t *is_near) {
    real minus, plus;
    start_shares(row, col, &minus, &plus);
    real e = fmax(R(0.5) * (minus + *close), R(0));
    real c = fmax(R(0.5) * (plus + *opposite), R(0));
    mask_t is_close = e < c;
    real rest_e = 2 - c, rest_c = 2 - e;
    e = SELECT(is_close, e, rest_e);
    c = SELECT(is_close, rest_c, c);
    s->e = SELECT(*is_near, e, s->e);
    s->c = SELECT(*is_near, c, s->c);
}

// acos(1 − m) / √(2m) on [0, 1]; Chebyshev interpolation, relative error 1.8e-8 and 3.2e-18.
#if REAL_BITS == 32
#define ANGLE_TERMS 8
TABLE scalar angle_polynomial[ANGLE_TERMS] = {
    0.9999999887f, 0.08333477336f, 0.0187202861f, 0.005810106183f, 0.001045711809f,
    0.002360617307f, -0.001407597136f, 0.0008568279941f};
#else
#define ANGLE_TERMS 20
TABLE scalar angle_polynomial[ANGLE_TERMS] = {
    0.9999999999999999982, 0.08333333333333481137, 0.01874999999980400576, 0.005580357153149728816,
    0.001898871242604587203, 0.0006991347866401813576, 0.0002710829738618468169, 0.000109524781563044209,
    0.00004269276978481394587, 0.00002947616216520188363, -0.000025699535695643386, 0.00008835813578667309866,
    -0.0001621395581677102504, 0.0002443364393224065561, -0.0002768427614027682727, 0.000237065593705902346,
    -0.0001475472930687045734, 0.00006351458381230858869, -0.00001693274189783836123, 2.148474288712979821e-6};
#endif

// The same where acos is subtracted from a number of the order of 1, as rectifiers do: its absolute error over π is 3.2e-8,
// half a digit, in float32, with a term less.
#if REAL_BITS == 32
#define TURN_TERMS 7
TABLE scalar turn_polynomial[TURN_TERMS] = {
    1.000000675f, 0.08330659635f, 0.01903394587f, 0.004300279361f, 0.004747667231f, -0.002483377666f, 0.001814882333f};
#else
#define TURN_TERMS ANGLE_TERMS
#define turn_polynomial angle_polynomial
#endif

// (sin φ − φ cos φ) / (m √(2m)) with cos φ = 1 − m, on [0, 1]. Over π and times √(2m), relative to the m that it is
// subtracted from, the error is 2.5e-8 and below 1.1e-18.
#if REAL_BITS == 32
#define MOMENT_TERMS 6
TABLE scalar moment_polynomial[MOMENT_TERMS] = {
    0.6666662514f, 0.0333460844f, 0.005255716781f, 0.001568871675f, -0.0001428168036f, 0.000412622534f};
#else
#define MOMENT_TERMS 19
TABLE scalar moment_polynomial[MOMENT_TERMS] = {
    0.6666666666666666671, 0.03333333333333302532, 0.0053571428571797017, 0.001240079363335665194,
    0.0003452494121563136913, 0.0001075577982548432188, 0.00003615820299824313778, 0.00001278898354891504802,
    4.985490838461272257e-6, 9.26513366952641687e-7, 3.244774203848265893e-6, -5.198822949114732267e-6,
    9.163377609430705501e-6, -0.00001124926339882415751, 0.00001053950024982120576, -7.086261963685134068e-6,
    3.292315524835680645e-6, -9.423924987958779767e-7, 1.293380912193405701e-7};
#endif

// value = p(m) by Horner's rule.
#define EVALUATE(value, terms, coefficients, m)                                                                        \
    value = R(coefficients[terms - 1]);                                                                                \
    _Pragma("unroll") for (int i = terms - 2; i >= 0; i--) value = fma(value, m, R(coefficients[i]))

// angle = acos(1 − m) / √(2m)
STEP void angle_of(const real *m, real *angle) {
    real p;
    EVALUATE(p, ANGLE_TERMS, angle_polynomial, *m);
    *angle = p;
}

// The same as `turn_polynomial` has it, and moment = (sin φ − φ cos φ) / (m √(2m)).
STEP void turn_and_moment_of(const real *m, real *turn, real *moment) {
    real p, q;
    EVALUATE(p, TURN_TERMS, turn_polynomial, *m);
    EVALUATE(q, MOMENT_TERMS, moment_polynomial, *m);
    *turn = p;
    *moment = q;
}

// asin(s), with *complement = 1 − s² > 0 given apart so that |s| → 1 keeps its digits.
STEP void arcsine_of(const real *s, const real *complement, real *result) {
    real size = fabs(*s);
    real rest = *complement / (1 + size);
    real m = SELECT(size < R(0.70710678), 2 * *s * *s, rest);
    real p;
    angle_of(&m, &p);
    real outer = R(0.5 * PI) - sqrt(2 * rest) * p;
    *result = SELECT(size < R(0.70710678), *s * p, copysign(outer, *s));
}

// sin² θ at or below this is rounding: the pair is collinear. (8 ulp)²
#define COLLINEAR R(REAL_BITS == 32 ? 9e-13 : 3.2e-30)

// 1 / sin θ, and 0 where the pair is collinear.
STEP void inverse_sine(const pair *s, real *result) {
    real square = s->e * s->c;
    *result = SELECT(square > COLLINEAR, 1 / sqrt(fmax(square, COLLINEAR)), R(0));
}

// The pair after a layer whose normalised covariance ρ' came out as a number near [−1, 1], not in the form above.
// Exact duplicates stay exact; elsewhere 1 − ρ' has the absolute error of ρ'.
STEP void pair_from_correlation(pair *s, const real *rho, const real *row, const real *col) {
    real e = fmax(1 - *rho, R(0));
    s->e = SELECT((s->e == 0) & (*row == *col), R(0), fmin(e, R(2)));
    s->c = 2 - s->e;
}

// What is derived from at the start, and what the read-out needs of the pair: the correlation and |x'|/d, or 0 at
// collinear pairs. *size: d.
STEP void start_tangent(const pair *s, tangent *d, const real *col, const real *size, real *rho, real *across) {
    *rho = 1 - s->e;
    *across = SELECT(s->e * s->c > COLLINEAR, col[START_NORM] / *size, R(0));
    d->k_k = R(1);
    d->t_k = d->e_l = d->t_l = R(0);
}

// What is left to do after the last step. Slots per input: √q, growth.
STEP void readout_variance(const variance *v, acc *slot) {
    slot[0] = sqrt(v->q);
    slot[1] = v->growth;
}

// rho, across: of start_tangent; inverse_norm: 1/|x|, or 0.
STEP void readout_tangent(const pair *s, const tangent *d, int is_nngp, const real *row, const real *col,
                          const real *rho, const real *across, const real *inverse_norm, real *value, real *tangential,
                          real *radial) {
    real r = row[0] * col[0];
    real height = is_nngp ? 1 - s->e : s->t;
    real slope = is_nngp ? -d->e_l : d->t_l;
    *value = height * r;
    *tangential = (is_nngp ? d->k_k : d->t_k) * *across;
    *radial = fma(height, row[1], slope) * r * *inverse_norm - *tangential * *rho;
}

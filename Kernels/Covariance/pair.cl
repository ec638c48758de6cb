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

// The angle φ in [0, π/2] and what comes of it, as functions of x = 2 (1 − cos φ), the square of the chord between two unit
// vectors: Chebyshev interpolation on [0, 2].

// φ / √x; relative error 1.8e-8 and 3.2e-18.
#if REAL_BITS == 32
#define ANGLE_TERMS 8
TABLE scalar angle_polynomial[ANGLE_TERMS] = {
    1.0f, 0.04166738689f, 0.004680071492f, 0.0007262632716f, 6.535698776e-05f, 7.376928988e-05f, -2.199370465e-05f,
    6.693968771e-06f};
#else
#define ANGLE_TERMS 20
TABLE scalar angle_polynomial[ANGLE_TERMS] = {
    0.9999999999999999982, 0.041666666666667405685, 0.00468749999995100144, 0.000697544644143716102,
    0.00011867945266278670019, 0.000021847962082505667425, 4.2356714665913565141e-6, 8.5566235596128288281e-7,
    1.6676863197192947605e-7, 5.7570629228909928965e-8, -2.5097202827776744141e-8, 4.3143620989586473955e-8,
    -3.9584853068288635352e-8, 2.9826225503223456555e-8, -1.6897141198899430707e-8, 7.2346677766693831177e-9,
    -2.2513930216782314056e-9, 4.8457781839224692299e-10, -6.4593284217217869682e-11, 4.0978894972095104618e-12};
#endif

// The same where φ is subtracted from a number of the order of 1, as rectifiers do: its absolute error over π is 3.2e-8,
// half a digit, in float32, with a term less.
#if REAL_BITS == 32
#define TURN_TERMS 7
TABLE scalar turn_polynomial[TURN_TERMS] = {
    1.000000715f, 0.04165329784f, 0.004758486524f, 0.0005375349429f, 0.0002967292094f, -7.760555309e-05f,
    2.83575373e-05f};
#else
#define TURN_TERMS ANGLE_TERMS
#define turn_polynomial angle_polynomial
#endif

// 2 (sin φ − φ cos φ) / (x √x). Over π and times √x, relative to the 1 that it is subtracted from, the error is 2.5e-8 and
// below 1.1e-18.
#if REAL_BITS == 32
#define MOMENT_TERMS 6
TABLE scalar moment_polynomial[MOMENT_TERMS] = {
    0.6666662693f, 0.01667304151f, 0.001313929213f, 0.0001961089583f, -8.926050214e-06f, 1.28944539e-05f};
#else
#define MOMENT_TERMS 19
TABLE scalar moment_polynomial[MOMENT_TERMS] = {
    0.6666666666666666671, 0.01666666666666651266, 0.001339285714294925425, 0.00015500992041695814925,
    0.000021578088259769605706, 3.3611811954638505875e-6, 5.6497192184754902781e-7, 9.9913933975898812656e-8,
    1.9474573587739344754e-8, 1.8095964198293782949e-9, 3.1687248084455721611e-9, -2.5384877681224278647e-9,
    2.2371527366774183352e-9, -1.3732010984892770398e-9, 6.4328004454475132812e-10, -2.1625555309097699182e-10,
    5.0236748120661630936e-11, -7.1898841766042936455e-12, 4.9338566291557529488e-13};
#endif

// φ / (2 sin φ), where 2 sin φ = √(x (4 − x)); over π and times 2 sin φ the error is 5e-8 and 9e-18.
#if REAL_BITS == 32
#define SINE_TERMS 9
TABLE scalar sine_polynomial[SINE_TERMS] = {
    0.5000000596f, 0.08333078772f, 0.01670004986f, 0.003404961433f, 0.001202296233f, -0.0003694020561f,
    0.0004592401092f, -0.0001617447269f, 3.356517482e-05f};
#else
#define SINE_TERMS 22
TABLE scalar sine_polynomial[SINE_TERMS] = {
    0.49999999999999999773, 0.083333333333334431839, 0.016666666666578462294, 0.0035714285742380560056,
    0.00079365074631304225435, 0.00018037566822899993403, 0.00004162168786198364121, 9.7287862747794805681e-6,
    2.2273074879117143258e-6, 6.9716492131981058127e-7, -1.9372553500664196621e-7, 5.5147453600080013474e-7,
    -6.5366880500757587736e-7, 6.6472191752081174919e-7, -5.2445181334321657191e-7, 3.2646110317865847825e-7,
    -1.5753044198113797877e-7, 5.7909445827641607689e-8, -1.567363910227740965e-8, 2.9539017412315255772e-9,
    -3.4719818322093566503e-10, 1.9361990100953990234e-11};
#endif

// value = p(x) by Horner's rule.
#define EVALUATE(value, terms, coefficients, x)                                                                        \
    value = R(coefficients[terms - 1]);                                                                                \
    _Pragma("unroll") for (int i = terms - 2; i >= 0; i--) value = fma(value, x, R(coefficients[i]))

// angle = φ / √x
STEP void angle_of(const real *x, real *angle) {
    real p;
    EVALUATE(p, ANGLE_TERMS, angle_polynomial, *x);
    *angle = p;
}

// The same as `turn_polynomial` has it, and moment = 2 (sin φ − φ cos φ) / (x √x).
STEP void turn_and_moment_of(const real *x, real *turn, real *moment) {
    real p, q;
    EVALUATE(p, TURN_TERMS, turn_polynomial, *x);
    EVALUATE(q, MOMENT_TERMS, moment_polynomial, *x);
    *turn = p;
    *moment = q;
}

// turn = φ / (2 sin φ)
STEP void turn_over_sine(const real *x, real *turn) {
    real p;
    EVALUATE(p, SINE_TERMS, sine_polynomial, *x);
    *turn = p;
}

// asin(s), with *complement = 1 − s² > 0 given apart so that |s| → 1 keeps its digits.
STEP void arcsine_of(const real *s, const real *complement, real *result) {
    real size = fabs(*s);
    real rest = *complement / (1 + size);
    real x = 2 * SELECT(size < R(0.70710678), 2 * *s * *s, rest);
    real p;
    angle_of(&x, &p);
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

// gelu, x Φ(x). With A = 1 + q, s = k/√(A₁A₂), g = √D, D = A₁A₂ (1 − s²), P = q₁q₂, Q = A₁A₂:
//   F  = k/4 + [ (k² + P D)/(Q g) + k asin(s) ]/(2π)
//   K̇ = 1/4 + asin(s)/(2π) + (k/(2π g)) [ 1/D + (1 − P)/Q + 1 ]
// (atan2(k, g) = asin(s).) Source: Tsuchida et al. 2021. Every quotient is formed from slots, so that no power of a
// norm appears. Slots: smooth.cl. No parameters.

STEP void gelu_variance(variance *v, acc *slot, CONSTANT acc *p) {
    acc q = v->q;
    acc g = sqrt(1 + 2 * q); // D at k = q
    acc a = 1 + q;
    acc angle = atan(q / g); // asin(q/A)
    acc after = q / 4 + (q / a * (q / a) * (1 / g + g) + q * angle) / (acc)(2 * PI);
    // dF(q, q, q)/dq = K̇ + 2 ∂F/∂q₁
    acc kd = (acc)0.25 + (angle + q / g * (1 / (g * g) + (1 - q * q) / (a * a) + 1)) / (acc)(2 * PI);
    acc t = q / a * (q / a) * (1 / g + g);
    acc f_1 = ((q * g * g + q * q * a) / (a * a * g) - t * (1 / a + a / (2 * g * g)) - q * q / (2 * a * g)) /
              (acc)(2 * PI);
    smooth_slots(v, q, after, kd + 2 * f_1, 2, slot); // F(q) → q/4
}

STEP void gelu_advance(pair *s, const real *row, const real *col, const real *sine, const real *complement,
                       const real *angle, const real *slope) {
    real r = row[SMOOTH_P] * col[SMOOTH_P];
    real k = (1 - s->e) * r;
    real j = row[SMOOTH_J] * col[SMOOTH_J];
    real n = row[SMOOTH_N] * col[SMOOTH_N];
    real root = sqrt(*complement);
    real parts = *sine * *sine * j / root + n * n * root / j + k * *angle;
    real f = fma(R(0.25), k, R(0.5 / PI) * parts);
    real rho = f * row[SMOOTH_OUT] * col[SMOOTH_OUT];
    s->t *= *slope * row[SMOOTH_GAIN] * col[SMOOTH_GAIN];
    pair_from_correlation(s, &rho, &row[SMOOTH_P], &col[SMOOTH_P]);
}

// kd = K̇; bracket = 1/D + (1 − P)/Q + 1
STEP void gelu_slope(const real *row, const real *col, const real *sine, const real *complement, const real *angle,
                     real *kd, real *bracket) {
    real j = row[SMOOTH_J] * col[SMOOTH_J];
    real n = row[SMOOTH_N] * col[SMOOTH_N];
    *bracket = j * j / *complement + (j * j - n * n) + 1;
    *kd = R(0.25) + R(0.5 / PI) * (*angle + *sine / sqrt(*complement) * *bracket);
}

STEP void gelu_forward(pair *s, const real *row, const real *col, CONSTANT acc *p) {
    real sine, complement, angle, kd, bracket;
    smooth_correlation(s, row, col, &sine, &complement);
    arcsine_of(&sine, &complement, &angle);
    gelu_slope(row, col, &sine, &complement, &angle, &kd, &bracket);
    gelu_advance(s, row, col, &sine, &complement, &angle, &kd);
}

// ∂K̇/∂k, ∂K̇/∂q₁ and ∂F/∂q₁.
STEP void gelu_partials(const real *row, const real *col, const real *sine, const real *complement,
                        const real *bracket, real *kd_k, real *kd_1, real *f_1) {
    real j1 = row[SMOOTH_J], j2 = col[SMOOTH_J];
    real j = j1 * j2, ratio = j1 / j2;
    real n2 = col[SMOOTH_N] * col[SMOOTH_N];
    real n = row[SMOOTH_N] * row[SMOOTH_N] * n2;
    real root = sqrt(*complement), inverse = 1 / *complement;
    real tangent_ = *sine / root; // k/g
    *kd_k = R(0.5 / PI) * (j / root * (1 + inverse * *bracket) +
                               2 * *sine * *sine * j * j * j * inverse * inverse / root);
    *kd_1 = R(0.5 / PI) * j1 * j1 * tangent_ *
                (R(-0.5) - R(0.5) * inverse * *bracket - j * j * inverse * inverse - n2 - (j * j - n));
    real share = 1 + R(0.5) * inverse; // A (1/A + B/(2D)) with D = Q (1 − s²)
    *f_1 = R(0.5 / PI) * (n2 * ratio * root + n * ratio / root -
                              (*sine * *sine * j1 * j1 * j / root + n * ratio * root) * share -
                              R(0.5) * *sine * *sine * ratio / root);
}

STEP void gelu_tangent(pair *s, tangent *d, const real *row, const real *col, CONSTANT acc *p) {
    real sine, complement, angle, kd, bracket;
    smooth_correlation(s, row, col, &sine, &complement);
    arcsine_of(&sine, &complement, &angle);
    gelu_slope(row, col, &sine, &complement, &angle, &kd, &bracket);
    real r = row[SMOOTH_P] * col[SMOOTH_P];
    real kd_k, kd_1, f_1;
    gelu_partials(row, col, &sine, &complement, &bracket, &kd_k, &kd_1, &f_1);
    real before = row[SMOOTH_BEFORE], after = row[SMOOTH_AFTER];
    real k_l = r * fma(1 - s->e, before, -d->e_l);
    real q_l = 2 * row[SMOOTH_P] * row[SMOOTH_P] * before;
    real gain = row[SMOOTH_GAIN] * col[SMOOTH_GAIN];
    d->t_k = fma(kd, d->t_k, s->t * r * kd_k * d->k_k);
    d->k_k *= kd;
    d->t_l = gain * (kd * fma(s->t, before - after, d->t_l) + s->t * fma(kd_k, k_l, kd_1 * q_l));
    gelu_advance(s, row, col, &sine, &complement, &angle, &kd);
    d->e_l = (1 - s->e) * after - fma(kd, k_l, f_1 * q_l) * row[SMOOTH_OUT] * col[SMOOTH_OUT];
}

// erf(x): F = (2/π) asin(s), K̇ = (4/π)/√D, D = A₁A₂ (1 − s²), s = 2k/√(A₁A₂), A = 1 + 2q.
// Source: Williams 1997. Slots: smooth.cl. No parameters.

STEP void erf_variance(variance *v, acc *slot, CONSTANT acc *p) {
    acc u = 2 * v->q;
    acc a = 1 + u;
    acc after = (acc)(2 / PI) * atan(u / sqrt(1 + 2 * u)); // (2/π) asin(u/A)
    acc slope = (acc)(4 / PI) / (a * sqrt(1 + 2 * u)); // (4/π) / (A² √(1 − (u/A)²))
    smooth_slots(v, u, after, slope, sqrt((acc)(PI / 4)), slot);
}

STEP void erf_advance(pair *s, const real *row, const real *col, const real *sine, const real *complement,
                      const real *inverse) {
    real angle;
    arcsine_of(sine, complement, &angle);
    real rho = R(2 / PI) * angle * row[SMOOTH_OUT] * col[SMOOTH_OUT];
    s->t *= R(4 / PI) * *inverse * (row[SMOOTH_GAIN] * row[SMOOTH_J]) * (col[SMOOTH_GAIN] * col[SMOOTH_J]);
    pair_from_correlation(s, &rho, &row[SMOOTH_P], &col[SMOOTH_P]);
}

STEP void erf_forward(pair *s, const real *row, const real *col, CONSTANT acc *p) {
    real sine, complement;
    smooth_correlation(s, row, col, &sine, &complement);
    real inverse = 1 / sqrt(complement);
    erf_advance(s, row, col, &sine, &complement, &inverse);
}

STEP void erf_tangent(pair *s, tangent *d, const real *row, const real *col, CONSTANT acc *p) {
    real sine, complement;
    smooth_correlation(s, row, col, &sine, &complement);
    real inverse = 1 / sqrt(complement);
    real r = row[SMOOTH_P] * col[SMOOTH_P];
    real root = row[SMOOTH_J] * col[SMOOTH_J] * inverse; // 1/√D
    real kd = R(4 / PI) * root;
    real kd_k = R(16 / PI) * (1 - s->e) * r * root * root * root;
    d->t_k = fma(kd, d->t_k, s->t * r * kd_k * d->k_k);
    d->k_k *= kd;
    real after = row[SMOOTH_AFTER];
    real growth = row[SMOOTH_BEFORE] * row[SMOOTH_J] * row[SMOOTH_J]; // ∂ ln n₁/∂l
    real sine_l = fma(sine, growth, -d->e_l * row[SMOOTH_N] * col[SMOOTH_N]);
    real gain_l = sine * sine_l * inverse * inverse + growth - after;
    real before_t = s->t;
    real gain = R(4 / PI) * inverse * (row[SMOOTH_GAIN] * row[SMOOTH_J]) * (col[SMOOTH_GAIN] * col[SMOOTH_J]);
    d->t_l = gain * fma(before_t, gain_l, d->t_l);
    erf_advance(s, row, col, &sine, &complement, &inverse);
    d->e_l = (1 - s->e) * after - R(2 / PI) * sine_l * inverse * row[SMOOTH_OUT] * col[SMOOTH_OUT];
}

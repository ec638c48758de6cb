// a min(x, 0) + b max(x, 0): relu, leaky_relu, abs, identity, abrelu.
//
// c₂ = (a² + b²)/2, f = (a − b)²/(2π), κ = f/c₂; θ the angle of the pair, g = sin θ − θ cos θ:
//   e' = e − κ g,  c' = c + κ g,  t' = (1 − κ θ) t,  q' = c₂ q.
// For ρ < 0 the same with φ = π − θ, arranged so that nothing cancels at x, −x.
// Source: Cho & Saul 2009 (order 1), in correlation form.
// Slot per input: √q (for derivatives). Parameters: c₂, f, κ, κπ.

STEP void abrelu_variance(variance *v, acc *slot, CONSTANT acc *p) {
    slot[0] = sqrt(v->q);
    v->q *= p[0];
}

// φ and 2g, times *scale, at x = 2 (1 − cos φ).
STEP void abrelu_turn(const real *x, const real *scale, real *phi, real *twice_g) {
    real root = *scale * sqrt(*x);
    turn_and_moment_of(x, phi, twice_g);
    *phi *= root;
    *twice_g *= root * *x;
}

// gain = K̇/c₂ = 1 − κ θ
STEP void abrelu_advance(pair *s, CONSTANT acc *p, real *gain) {
    real kappa = R(p[2]), turn = R(p[3]), phi, twice_g;
    mask_t is_near = s->e <= s->c;
    real m = SELECT(is_near, s->e, s->c), x = m + m;
    abrelu_turn(&x, &kappa, &phi, &twice_g);
    real near_e = SELECT(is_near, m, fma(turn - 1, m, 2 - turn));
    real near_c = SELECT(is_near, 2 - m, fma(1 - turn, m, turn));
    *gain = SELECT(is_near, 1 - phi, (1 - turn) + phi);
    s->e = fma(R(-0.5), twice_g, near_e);
    s->c = fma(R(0.5), twice_g, near_c);
}

STEP void abrelu_forward(pair *s, const real *row, const real *col, CONSTANT acc *p) {
    real gain;
    abrelu_advance(s, p, &gain);
    s->t *= gain;
}

STEP void abrelu_tangent(pair *s, tangent *d, const real *row, const real *col, CONSTANT acc *p) {
    mask_t absent = (row[0] == 0) | (col[0] == 0); // norm zero: ρ = 0 at every layer, K̇ = (a + b)²/4
    real inverse;
    inverse_sine(s, &inverse);
    inverse = SELECT(absent, R(0), inverse);
    s->e = SELECT(absent, R(1), s->e);
    s->c = SELECT(absent, R(1), s->c);
    real bend = s->t * inverse; // t ∂K̇/∂k = f bend / r
    real gain;
    abrelu_advance(s, p, &gain);
    s->t *= gain;
    d->t_l = fma(gain, d->t_l, -R(p[2]) * bend * d->e_l);
    d->e_l *= gain;
    gain *= R(p[0]);
    d->t_k = fma(gain, d->t_k, R(p[1]) * bend * d->k_k);
    d->k_k *= gain;
}

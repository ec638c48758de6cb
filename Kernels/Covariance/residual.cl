// Sum of two branches: k' = kᵃ + kᵇ, t' = tᵃ + tᵇ, q' = qᵃ + qᵇ; a: the shortcut (current state), b: the main branch.
//
// Slots per input: A = √(qᵃ/q'), B = √(qᵇ/q'), with A² + B² = 1. Then, as for a bias,
//   e' = h + A₁A₂ eᵃ + B₁B₂ eᵇ,  h = ((A₁ − A₂)² + (B₁ − B₂)²)/2,  c' alike,  t' = A₁A₂ tᵃ + B₁B₂ tᵇ.
// Along l: ∂A₁ = g A₁B₁², ∂B₁ = −g A₁²B₁, g = growthᵃ − growthᵇ, the third slot.
// Where q' = 0 only scale is lost: A = 1, B = 0.

STEP void join_variance(variance *v, const variance *other, acc *slot) {
    acc q = v->q + other->q;
    slot[0] = q > 0 ? sqrt(v->q / q) : 1;
    slot[1] = q > 0 ? sqrt(other->q / q) : 0;
    slot[2] = v->growth - other->growth;
    v->q = q;
    v->growth = slot[0] * slot[0] * v->growth + slot[1] * slot[1] * other->growth;
}

STEP void join_forward(pair *s, const pair *other, const real *row, const real *col) {
    real first = row[0] * col[0], second = row[1] * col[1];
    real a = row[0] - col[0], b = row[1] - col[1];
    real h = R(0.5) * fma(a, a, b * b);
    s->e = fma(first, s->e, fma(second, other->e, h));
    s->c = fma(first, s->c, fma(second, other->c, h));
    s->t = fma(first, s->t, second * other->t);
}

STEP void join_tangent(pair *s, tangent *d, const pair *other, const tangent *other_d, const real *row,
                       const real *col) {
    real first = row[0] * col[0], second = row[1] * col[1];
    real turn = row[0] * row[1] * row[2];
    real first_l = turn * row[1] * col[0], second_l = -turn * row[0] * col[1];
    real h_l = turn * (row[0] * col[1] - col[0] * row[1]);
    d->e_l = fma(first, d->e_l, second * other_d->e_l) + fma(first_l, s->e, fma(second_l, other->e, h_l));
    d->t_l = fma(first, d->t_l, second * other_d->t_l) + fma(first_l, s->t, second_l * other->t);
    d->k_k += other_d->k_k;
    d->t_k += other_d->t_k;
    join_forward(s, other, row, col);
}

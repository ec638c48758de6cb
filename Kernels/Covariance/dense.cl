// Dense: k' = w² k + b², t' = k' + w² t.
//
// Slots per input: α = σ_w √(q/q'), β = σ_b / √q', with α² + β² = 1. Then
//   e' = h + α₁α₂ e,  c' = h + 2 β₁β₂ + α₁α₂ c,  h = ((α₁ − α₂)² + (β₁ − β₂)²)/2,  t' = ρ' + α₁α₂ t.
// Where q' = 0 (norm zero, no bias) only scale is lost: α = 1, β = 0.
// Along l: ∂α₁ = g α₁β₁², ∂β₁ = −g α₁²β₁, ∂h = g α₁β₁ (α₁β₂ − α₂β₁), g = ∂ ln √q₁/∂l, the third slot.
// Parameters: w², b².

STEP void dense_variance(variance *v, acc *slot, CONSTANT acc *p) {
    acc q = p[0] * v->q + p[1];
    slot[0] = q > 0 ? sqrt(p[0] * v->q / q) : 1;
    slot[1] = q > 0 ? sqrt(p[1] / q) : 0;
    slot[2] = v->growth;
    v->q = q;
    v->growth *= slot[0] * slot[0];
}

STEP void dense_forward(pair *s, const real *row, const real *col, CONSTANT acc *p) {
    real alpha = row[0] * col[0];
    real a = row[0] - col[0];
    real b = row[1] - col[1];
    real h = R(0.5) * fma(a, a, b * b);
    s->e = fma(alpha, s->e, h);
    s->c = fma(alpha, s->c, fma(2 * row[1], col[1], h));
    s->t = fma(alpha, s->t, 1 - s->e);
}

STEP void dense_tangent(pair *s, tangent *d, const real *row, const real *col, CONSTANT acc *p) {
    real w = R(p[0]);
    real alpha = row[0] * col[0];
    real turn = row[0] * row[1] * row[2];
    real alpha_l = turn * row[1] * col[0];
    real h_l = turn * (row[0] * col[1] - col[0] * row[1]);
    d->e_l = fma(alpha, d->e_l, fma(alpha_l, s->e, h_l));
    d->t_l = fma(alpha, d->t_l, fma(alpha_l, s->t, -d->e_l));
    d->k_k *= w;
    d->t_k = fma(w, d->t_k, d->k_k);
    dense_forward(s, row, col, p);
}

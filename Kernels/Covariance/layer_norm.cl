// LayerNorm over channels: k' = k/√((q₁ + ε)(q₂ + ε)), t' alike, q' = q/(q + ε).
//
// In correlation form nothing happens to the pair: only the scale of each input changes.
// Slot per input: 1/√(q + ε) (for derivatives). Parameter: ε.

STEP void layer_norm_variance(variance *v, acc *slot, CONSTANT acc *p) {
    acc sum = v->q + p[0];
    slot[0] = sum > 0 ? 1 / sqrt(sum) : 0;
    v->growth *= sum > 0 ? p[0] / sum : 1;
    v->q = sum > 0 ? v->q / sum : 0;
}

STEP void layer_norm_forward(pair *s, const real *row, const real *col, CONSTANT acc *p) {}

STEP void layer_norm_tangent(pair *s, tangent *d, const real *row, const real *col, CONSTANT acc *p) {
    real scale = row[0] * col[0];
    d->k_k *= scale;
    d->t_k *= scale;
}

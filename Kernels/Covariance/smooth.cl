// What erf and gelu share. With A = 1 + u (u = 2q for erf, q for gelu) and per-input slots
//
//   n = √(u/A)    j = 1/√A
//
// the pair's s = ρ n₁n₂ is the correlation of the two inputs after unit noise, and
//
//   1 − s² = j₁²j₂² + n₁²j₂² + j₁²n₂² + n₁²n₂² (1 − ρ²)
//
// is a sum of non-negative terms: exact at duplicates and at any norm, where A₁A₂ − u₁u₂ρ² cancels.
// Slots per input: n, j, √q, √q/√q', 1/√q', growth before, growth after.

#define SMOOTH_N 0
#define SMOOTH_J 1
#define SMOOTH_P 2
#define SMOOTH_GAIN 3
#define SMOOTH_OUT 4
#define SMOOTH_BEFORE 5
#define SMOOTH_AFTER 6

// Fills the slots and moves on to q' = after, with slope = dq'/dq; limit = lim √(q/q') for q → 0.
STEP void smooth_slots(variance *v, acc u, acc after, acc slope, acc limit, acc *slot) {
    slot[SMOOTH_N] = sqrt(u / (1 + u));
    slot[SMOOTH_J] = 1 / sqrt(1 + u);
    slot[SMOOTH_P] = sqrt(v->q);
    slot[SMOOTH_GAIN] = v->q > 0 ? sqrt(v->q / after) : limit;
    slot[SMOOTH_OUT] = v->q > 0 ? 1 / sqrt(after) : 0;
    slot[SMOOTH_BEFORE] = v->growth;
    if (v->q > 0) v->growth *= slope * v->q / after;
    slot[SMOOTH_AFTER] = v->growth;
    v->q = after;
}

STEP void smooth_correlation(const pair *s, const real *row, const real *col, real *sine, real *complement) {
    real n = row[SMOOTH_N] * col[SMOOTH_N];
    real j = row[SMOOTH_J] * col[SMOOTH_J];
    real nj = row[SMOOTH_N] * col[SMOOTH_J];
    real jn = row[SMOOTH_J] * col[SMOOTH_N];
    *sine = (1 - s->e) * n;
    *complement = fma(j, j, fma(nj, nj, fma(jn, jn, n * n * s->e * s->c)));
}

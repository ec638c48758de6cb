// What a pair of images contributes to the gradient in the first one. Behind planes_segments.cl and what takes a plane of
// adjoints back through the steps of a segment.
//
// It is the pair's record, in which it is linear:
//   [pixel, channel]  sum over p' of dL/dk0[p, p'] x'_p'/C
//   [pixel]           for each pointwise step: dL/dq of the row image, through this pair alone
// Records are contracted with coefficients over all pairs first; what is left is the recursion of the variances of one
// image, run backwards once per cotangent (planes_finish.cl).

// One plane of a segment forward, then back from its sink.
STEP void reverse_displacement(const pass *s, CONSTANT plane_segment *segment, int dy, int dx, GLOBAL real *record) {
    forward_plane(s, segment, dy, dx, 1);
    reverse_sink(s, segment, dy, dx);
    BARRIER;
    reverse_plane(s, segment, dy, dx, record);
}

// The adjoints of all tensors, while nothing has been added to them.
STEP void clear_adjoints(const pass *s) {
    for (int n = 0; n < s->plan->segments; n++) clear_pool(s->segments + n, s->adjoints);
}

// Adds the record of a pair with the adjoints k and t at the sums of the read-out.
STEP void reverse_pair(const pass *s, const real *k, const real *t, GLOBAL real *record) {
    wide none_v, none_t;
    int last = s->plan->segments - 1;
    for (int n = 0; n < last; n++)
        forward_segment(s, n, s->segments[n].range_y, s->segments[n].range_x, &none_v, &none_t);
    clear_adjoints(s);
    BARRIER;
    if (ITEM == 0) {
        s->adjoints[s->segments[last].pooled] = *k;
        s->adjoints[s->segments[last].pooled + 1] = *t;
    }
    BARRIER;
    for (int n = last; n >= 0; n--) {
        CONSTANT plane_segment *segment = s->segments + n;
        int range_y = segment->range_y, range_x = segment->range_x;
        for (int dy = displacements_from(range_y, segment->is_circular); dy <= range_y; dy++)
            for (int dx = displacements_from(range_x, segment->is_circular); dx <= range_x; dx++)
                reverse_displacement(s, segment, dy, dx, record);
    }
}

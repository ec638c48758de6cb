// All planes of a segment, forward and backwards; behind what takes one plane through it.

// Forward, from what the steps load to the sink; what a read-out sums up is left in sum_v and sum_t too.
STEP void forward_segment(const pass *s, int number, int range_y, int range_x, wide *sum_v, wide *sum_t) {
    CONSTANT plane_segment *segment = s->segments + number;
    *sum_v = *sum_t = 0;
    clear_pool(segment, s->pooled);
    BARRIER;
    for (int dy = displacements_from(range_y, segment->is_circular); dy <= range_y; dy++)
        for (int dx = displacements_from(range_x, segment->is_circular); dx <= range_x; dx++) {
            forward_plane(s, segment, dy, dx, 0);
            if (segment->sink == SINK_POOL) {
                add_to_pool(s, segment, dy, dx);
            } else {
                extent rows = extent_of(segment->end_height, segment->end_width, dy, dx, segment->is_circular);
                add_to_sum(s, segment, rows, sum_v, sum_t);
            }
            BARRIER;
        }
    sum_of_group(s, sum_v);
    sum_of_group(s, sum_t);
    if (ITEM == 0 && segment->sink != SINK_POOL) {
        s->pooled[segment->pooled] = NARROW(*sum_v);
        s->pooled[segment->pooled + 1] = NARROW(*sum_t);
    }
    BARRIER;
}

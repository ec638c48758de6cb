// Covariances of pairs of images: nngp and ntk behind the whole net. Behind planes_segments.cl.

// Tasks are rows x panels; the panels of a row are taken in another order than those of the next, so that the halves
// of a triangle fall to all groups alike.
// row_table    [rows, size]: images row_begin ..< row_end, from row first_row on
// panel_table  [panels, size, LANES] from panel table_panel on, which is number first_panel of all
// nngp, ntk    [rows, width] from number first_number on, where the first column of first_panel goes; bits of `wanted`:
//              1 NNGP, 2 NTK
__kernel __attribute__((reqd_work_group_size(GROUP, 1, 1))) void gram(
    PLAN_ARGUMENTS, GLOBAL const scalar *row_table, SIZE first_row, SIZE row_begin, SIZE row_end,
    GLOBAL const scalar *panel_table, SIZE table_panel, SIZE first_panel, SIZE panels, SIZE width, SIZE first_number,
    int triangular, int wanted, GLOBAL scalar *nngp, GLOBAL scalar *ntk, GLOBAL real *scratch, SIZE scratch_size
#ifdef PLANES_LOCAL
    , __local real *planes
#endif
) {
    GROUP_SUMS;
    GLOBAL real *own = scratch + get_group_id(0) * scratch_size;
    SIZE size = plan->size, count = (row_end - row_begin) * panels;
    acc scale = parameters[segments[plan->segments - 1].pool_scale];
    for (SIZE task = get_group_id(0); task < count; task += get_num_groups(0)) {
        SIZE i = task / panels, panel = (task % panels + i) % panels;
        SIZE column = (first_panel + panel) * LANES;
        // Above the diagonal nothing is done.
        int number = triangular && column > row_begin + i ? 0 : plan->segments;
#ifndef PLANES_LOCAL
        GLOBAL real *planes = own + plan->pooled;
#endif
        pass s = {plan, segments, steps, parameters, row_table + (first_row + i) * size,
                  panel_table + (table_panel + panel) * size * LANES, planes, own, 0, 0, group_sums};
        wide sum_v = 0, sum_t = 0;
        for (int n = 0; n < number; n++)
            forward_segment(&s, n, segments[n].range_y, segments[n].range_x, &sum_v, &sum_t);
        if (ITEM == 0 && number > 0) {
            // The last number of an image is the mean variance at the read-out.
            real q1 = ROW(&s, plan->size - 1), q2 = COL(&s, plan->size - 1);
            wide k = (WIDEN(q1) + WIDEN(q2) - sum_v * scale) / 2, t = sum_t * scale;
            CONSTANT acc *tail = parameters + plan->tail;
            SIZE target = first_number + i * width + panel * LANES;
            if (wanted & 1) STORE(NARROW(tail[0] * k + tail[1]), nngp + target);
            if (wanted & 2) STORE(NARROW(tail[2] * t + tail[3] * k + tail[4]), ntk + target);
        }
    }
}

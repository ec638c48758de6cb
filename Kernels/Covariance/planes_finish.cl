// Gradients of images from what is summed over their pairs. Behind planes_variances.cl, of one image against itself.

// Tasks are rows x groups of LANES cotangents.
// row_table  [rows, size], from row first_row on
// sums       [rows, parts, numbers, pitch], as `records` left them
// gradients  [rows, count, pixels, channels] from number first_number on
// scratch    as in planes_gradient.cl, of one record
__kernel __attribute__((reqd_work_group_size(GROUP, 1, 1))) void finish(
    PLAN_ARGUMENTS, GLOBAL const scalar *row_table, SIZE first_row, SIZE rows, SIZE parts, SIZE count,
    GLOBAL const scalar *sums, SIZE pitch, int has_finished_pairs, int stride, GLOBAL scalar *gradients, SIZE first_number,
    GLOBAL real *scratch, SIZE scratch_size, SIZE tape_size
#ifdef PLANES_LOCAL
    , __local real *planes
#endif
) {
    GROUP_SUMS;
    GRADIENT_SCRATCH;
    GLOBAL real *record = rest, *variances = record + stride;
    int inputs = plan->height * plan->width * plan->channels;
    int numbers = has_finished_pairs ? inputs : plan->record;
    SIZE groups = (count + LANES - 1) / LANES;
    for (SIZE task = get_group_id(0); task < rows * groups; task += get_num_groups(0)) {
        SIZE i = task / groups, first = task % groups * LANES, lanes = min((SIZE)LANES, count - first);
        GLOBAL const scalar *row = row_table + (first_row + i) * plan->size;
        pass all = {plan, segments, steps, parameters, row, row, planes, own, own + plan->pooled, tape, group_sums};
        GLOBAL scalar *numbered = (GLOBAL scalar *)record;
        FOR_ALL(n, numbers * LANES) {
            scalar sum = 0;
            SIZE lane = n % LANES, at = n / LANES;
            for (SIZE part = 0; part < parts && lane < lanes; part++)
                sum += sums[((i * parts + part) * numbers + at) * pitch + first + lane];
            numbered[n] = sum;
        }
        BARRIER;
        for (int once = 0; once < !has_finished_pairs; once++) finish_records(&all, record, variances);
        FOR_ALL(n, inputs * LANES)
        if (n % LANES < lanes)
            gradients[first_number + (i * count + first + n % LANES) * inputs + n / LANES] = numbered[n];
        BARRIER;
    }
}

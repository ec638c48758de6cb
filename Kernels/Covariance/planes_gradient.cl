// Records of pairs, contracted with coefficients over the pairs of a row image. Behind planes_variances.cl and
// planes_contract.cl.
//
// One cotangent goes into the pass, whose record then collects a part of the columns. Of several, each record is made
// once and contracted with all, BLOCK panels at a time, so that a sum is fetched once for as many pairs. Nothing of the
// size of pairs x records exists.

// turned[i, o, c] = cotangents[i, c, o], 0 past the last cotangent. [pitch, outputs, rows] work-items.
// cotangents  [rows, count, outputs] from number `first` on
__kernel void turn(GLOBAL const acc *cotangents, SIZE first, SIZE rows, SIZE count, SIZE outputs, SIZE pitch,
                   GLOBAL scalar *turned) {
    SIZE c = get_global_id(0), o = get_global_id(1), i = get_global_id(2);
    if (c >= pitch || o >= outputs || i >= rows) return;
    turned[(i * outputs + o) * pitch + c] =
        c < count ? (scalar)cotangents[first + (i * count + c) * outputs + o] : 0;
}

// coefficients[i, j, c] = sum over o of weights[j, o] turned[i, o, c], 0 past the last column: one vector of cotangents
// or, where pitch is 1, one number a work-item. [cotangents, width, rows] work-items.
// weights       [columns, outputs]
// coefficients  [rows, width, pitch]
__kernel void weigh(GLOBAL const scalar *turned, SIZE rows, SIZE outputs, SIZE pitch, GLOBAL const acc *weights,
                    SIZE columns, SIZE width, GLOBAL scalar *coefficients) {
    SIZE c = get_global_id(0), j = get_global_id(1), i = get_global_id(2);
    if (j >= width || i >= rows) return;
    GLOBAL const acc *weight = weights + j * outputs;
    SIZE end = j < columns ? outputs : 0;
    if (pitch == 1) {
        acc sum = 0;
        for (SIZE o = 0; o < end; o++) sum += weight[o] * turned[i * outputs + o];
        coefficients[i * width + j] = (scalar)sum;
    } else if (c * LANES < pitch) {
        GLOBAL const scalar *column = turned + i * outputs * pitch + c * LANES;
        real sum = R(0);
        for (SIZE o = 0; o < end; o++) sum = fma(R(weight[o]), LOAD(column + o * pitch), sum);
        STORE(sum, coefficients + (i * width + j) * pitch + c * LANES);
    }
}

STEP void clear_record(GLOBAL real *record, int size) { FOR_ALL(i, size) record[i] = R(0); }

#if REAL_WIDTH > 1
STEP void fold(GLOBAL const scalar *record, int size, GLOBAL scalar *sums) {
    for (int i = 0; i < size; i++) {
        scalar sum = 0;
        for (int lane = 0; lane < LANES; lane++) sum += record[i * LANES + lane];
        sums[i] = sum;
    }
}
#else
STEP void fold(GLOBAL const scalar *record, int size, GLOBAL scalar *sums) {
    FOR_ALL(i, size) sums[i] = record[i];
}
#endif

// Tasks are rows x parts of `share` panels.
// row_table     [rows, size], from row first_row on
// panel_table   [panels, size, LANES], the first being panel first_panel of all
// coefficients  [rows, width, pitch], width numbers being those of all panels; pitch: 1 for one cotangent, else as
//               planes_contract.cl has it
// sums          [rows, all_parts, numbers, pitch], those of this table from first_part on
// numbers       of a record; of its inputs alone where finishes_pairs
// scratch       per group: pools, their adjoints, tape, planes where not local, then a record of `stride` numbers per
//               lane, with several cotangents BLOCK of them, and the variances of planes_variances.cl
__kernel __attribute__((reqd_work_group_size(GROUP, 1, 1))) void records(
    PLAN_ARGUMENTS, GLOBAL const scalar *row_table, SIZE first_row, SIZE rows, GLOBAL const scalar *panel_table,
    SIZE first_panel, SIZE panels, SIZE share, GLOBAL const scalar *coefficients, SIZE width, SIZE pitch, int is_one,
    int finishes_pairs, acc k_weight, acc t_weight, GLOBAL scalar *sums, SIZE first_part, SIZE all_parts, int stride,
    GLOBAL real *scratch, SIZE scratch_size, SIZE tape_size
#ifdef PLANES_LOCAL
    , __local real *planes
#endif
) {
    GROUP_SUMS;
    GRADIENT_SCRATCH;
    GLOBAL real *record = rest, *variances = record + (is_one ? 1 : BLOCK) * stride;
    SIZE size = plan->size, parts = (panels + share - 1) / share;
    int numbers = finishes_pairs ? plan->height * plan->width * plan->channels : plan->record;
    acc scale = parameters[segments[plan->segments - 1].pool_scale];
    real k = R(k_weight * scale), t = R(t_weight * scale);
    for (SIZE task = get_group_id(0); task < rows * parts; task += get_num_groups(0)) {
        SIZE i = task / parts, part = task % parts, end = min((part + 1) * share, panels);
        GLOBAL scalar *target = sums + (i * all_parts + first_part + part) * numbers * pitch;
        GLOBAL const scalar *weights = coefficients + (i * width + first_panel * LANES) * pitch;
        pass s = {plan, segments, steps, parameters, row_table + (first_row + i) * size, panel_table, planes, own,
                  own + plan->pooled, tape, group_sums};
        // With one cotangent all pairs add to one record.
        FOR_ALL(n, numbers * (int)pitch) target[n] = 0;
        if (is_one) clear_record(record, stride);
        for (SIZE panel = part * share; panel < end; panel += BLOCK) {
            int block = (int)min((SIZE)BLOCK, end - panel);
            if (!is_one) clear_record(record, block * stride);
            BARRIER;
            for (int b = 0; b < block; b++) {
                s.col = panel_table + (panel + b) * size * LANES;
                real own_k = k, own_t = t;
                if (is_one) {
                    real weight = LOAD(weights + (panel + b) * LANES);
                    own_k *= weight;
                    own_t *= weight;
                }
                GLOBAL real *own_record = is_one ? record : record + b * stride;
                reverse_pair(&s, &own_k, &own_t, own_record);
                for (int once = 0; once < finishes_pairs; once++) finish_records(&s, own_record, variances);
            }
            if (!is_one)
                contract((GLOBAL const scalar *)record, numbers, stride, block, weights + panel * LANES * pitch,
                         (int)pitch, target);
            BARRIER;
        }
        if (is_one) fold((GLOBAL const scalar *)record, numbers, target);
        BARRIER;
    }
}

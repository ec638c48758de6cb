// Records of pairs, contracted with coefficients over the pairs of a row image. Behind planes_pairs.cl.
//
// One cotangent goes into the pass, whose record then collects a part of the columns. Of several, each record is made
// once and contracted with all: in the vector form lane by lane, in the group form BLOCK pairs at a time, so that a sum
// in global memory is fetched once for as many. Nothing of the size of pairs x records exists.

// BLOCK: panels whose records are kept side by side; 1 in the vector form, whose records hold as many pairs as lanes.

#if REAL_WIDTH > 1
#define BLOCK 1
#elif !defined(BLOCK)
#define BLOCK 16
#endif

// c[i, s, j] = sum over o of cotangents[i, s, o] weights[j, o], 0 past the last column. [width, rows] work-items, a row
// being a point and a cotangent of it.
// cotangents    [rows, outputs] from number `first` on
// coefficients  [rows, width]
__kernel void weigh(GLOBAL const acc *cotangents, SIZE first, SIZE rows, SIZE outputs, GLOBAL const acc *weights, SIZE columns,
                    SIZE width, GLOBAL scalar *coefficients) {
    SIZE j = get_global_id(0), r = get_global_id(1);
    if (j >= width || r >= rows) return;
    acc sum = 0;
    for (SIZE o = 0; o < outputs && j < columns; o++) sum += cotangents[first + r * outputs + o] * weights[j * outputs + o];
    coefficients[r * width + j] = (scalar)sum;
}

STEP void clear_record(GLOBAL real *record, int size) { FOR_ALL(i, size) record[i] = R(0); }

#if REAL_WIDTH > 1
// sums[s, i] += sum over the lanes of coefficients[s, lane] record[i, lane].
STEP void contract(GLOBAL const scalar *record, int size, SIZE count, GLOBAL const scalar *coefficients, SIZE width,
                   GLOBAL scalar *sums, SIZE pitch, int block) {
    for (int i = 0; i < size; i += LANES) {
        // Turned over, so that lanes are numbers of the record.
        scalar turned[LANES][LANES];
        for (int a = 0; a < LANES; a++)
            for (int b = 0; b < LANES; b++) turned[b][a] = record[(i + a) * LANES + b];
        for (SIZE c = 0; c < count; c++) {
            real sum = LOAD(sums + c * pitch + i);
#pragma unroll
            for (int lane = 0; lane < LANES; lane++)
                sum = fma(R(coefficients[c * width + lane]), LOAD(turned[lane]), sum);
            STORE(sum, sums + c * pitch + i);
        }
    }
}

STEP void fold(GLOBAL const scalar *record, int size, GLOBAL scalar *sums) {
    for (int i = 0; i < size; i++) {
        scalar sum = 0;
        for (int lane = 0; lane < LANES; lane++) sum += record[i * LANES + lane];
        sums[i] = sum;
    }
}
#else
// sums[s, i] += sum over the block of coefficients[s, b] record[b, i].
STEP void contract(GLOBAL const scalar *record, int size, SIZE count, GLOBAL const scalar *coefficients, SIZE width,
                   GLOBAL scalar *sums, SIZE pitch, int block) {
    FOR_ALL(i, size) {
        for (SIZE c = 0; c < count; c++) {
            scalar sum = sums[c * pitch + i];
            for (int b = 0; b < block; b++) sum = fma(coefficients[c * width + b], record[b * size + i], sum);
            sums[c * pitch + i] = sum;
        }
    }
}

STEP void fold(GLOBAL const scalar *record, int size, GLOBAL scalar *sums) {
    FOR_ALL(i, size) sums[i] = record[i];
}
#endif

// Tasks are rows x parts of `share` panels.
// row_table     [rows, size], from row first_row on
// panel_table   [panels, size, LANES], the first being panel first_panel of all
// coefficients  [rows, count, width], width numbers being those of all panels
// sums          [rows, all_parts, count, pitch], those of this table from first_part on; pitch: numbers of a record,
//               rounded up to whole vectors
// scratch       per group: pools, their adjoints, tape, planes where not local, then a record of `pitch` numbers per
//               lane, in the group form BLOCK of them
__kernel __attribute__((reqd_work_group_size(GROUP, 1, 1))) void records(
    PLAN_ARGUMENTS, GLOBAL const scalar *row_table, SIZE first_row, SIZE rows, GLOBAL const scalar *panel_table,
    SIZE first_panel, SIZE panels, SIZE share, GLOBAL const scalar *coefficients, SIZE width, SIZE count, acc k_weight,
    acc t_weight, GLOBAL scalar *sums, SIZE first_part, SIZE all_parts, SIZE pitch,
    GLOBAL real *scratch, SIZE scratch_size, SIZE tape_size
#ifdef PLANES_LOCAL
    , __local real *planes
#endif
) {
    GROUP_SUMS;
    GRADIENT_SCRATCH;
    GLOBAL real *record = rest;
    SIZE size = plan->size, parts = (panels + share - 1) / share;
    acc scale = parameters[segments[plan->segments - 1].pool_scale];
    real k = R(k_weight * scale), t = R(t_weight * scale);
    for (SIZE task = get_group_id(0); task < rows * parts; task += get_num_groups(0)) {
        SIZE i = task / parts, part = task % parts, end = min((part + 1) * share, panels);
        GLOBAL scalar *target = sums + (i * all_parts + first_part + part) * count * pitch;
        GLOBAL const scalar *weights = coefficients + i * count * width + first_panel * LANES;
        pass s = {plan, segments, steps, parameters, row_table + (first_row + i) * size, panel_table, planes, own,
                  own + plan->pooled, tape, group_sums};
        // With one cotangent all pairs add to one record.
        int is_one = count == 1, numbers = (int)pitch;
        FOR_ALL(n, (int)count * numbers) target[n] = 0;
        if (is_one) clear_record(record, numbers);
        for (SIZE panel = part * share; panel < end; panel += BLOCK) {
            int block = (int)min((SIZE)BLOCK, end - panel);
            if (!is_one) clear_record(record, block * numbers);
            BARRIER;
            for (int b = 0; b < block; b++) {
                s.col = panel_table + (panel + b) * size * LANES;
                real own_k = k, own_t = t;
                if (is_one) {
                    real weight = LOAD(weights + (panel + b) * LANES);
                    own_k *= weight;
                    own_t *= weight;
                }
                reverse_pair(&s, &own_k, &own_t, is_one ? record : record + b * numbers);
            }
            if (!is_one)
                contract((GLOBAL const scalar *)record, numbers, count, weights + panel * LANES, width, target, pitch,
                         block);
            BARRIER;
        }
        if (is_one) fold((GLOBAL const scalar *)record, numbers, target);
        BARRIER;
    }
}

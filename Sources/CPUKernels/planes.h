// Planes for one precision: included by planes_float32.c and planes_float64.c. Tables, layout, sinks and what is done once
// per image are the text that OpenCL runs (Kernels/Covariance/planes*.cl); how a plane goes through its steps, row by row,
// stands in planes_forward.h and planes_reverse.h.

#include "CPUPlanes.h"
#include "prelude.cl"

#include "Covariance/pair.cl"

#include "Covariance/abrelu.cl"
#include "Covariance/dense.cl"
#include "Covariance/smooth.cl"

#include "Covariance/erf.cl"
#include "Covariance/gelu.cl"
#include "Covariance/layer_norm.cl"
#include "Covariance/plane.cl"

#include <string.h>

#include "clones.h"

#define ABRELU
#define ERF
#define GELU
#define LAYER_NORM
#define HAS_BOTH (s->pairing == ROW_AGAINST_ITSELF)

#include "Covariance/planes.cl"

#include "Covariance/planes_ends.cl"

#include "planes_rows.h"

#include "planes_forward.h"

#include "Covariance/planes_segments.cl"

#include "planes_reverse.h"

#include "Covariance/planes_pairs.cl"

#include "Covariance/planes_prepare.cl"

#include "Covariance/planes_variances.cl"

#include "Covariance/planes_contract.cl"

// ---- entry points ---------------------------------------------------------------------------------------------------

int NAME(ntk_planes_lanes)(void) { return LANES; }

// A pass with its scratch: tensors, their adjoints and the tape where there are gradients, planes, a row of windows.
// Returns what is behind it.
STEP real *open_pass(const ntk_planes *program, const scalar *row, const scalar *col, int pairing, int has_gradients,
                     real *memory, pass *s) {
    const plane_plan *plan = (const plane_plan *)program->plan;
    *s = (pass){.plan = plan,
                .segments = (const plane_segment *)program->segments,
                .steps = (const plane_step *)program->steps,
                .parameters = program->parameters,
                .row = row,
                .col = col,
                .pooled = memory,
                .pairing = pairing};
    memory += plan->pooled;
    if (has_gradients) {
        s->adjoints = memory;
        s->tape = memory + plan->pooled;
        memory = s->tape + program->tape_size;
    }
    s->planes = memory;
    s->columns = memory + 2 * plan->planes * plan->plane;
    return s->columns + 2 * plan->stride;
}

CLONES void NAME(ntk_planes_prepare)(const ntk_planes *program, const scalar *x, size_t count, scalar *panel,
                                     void *scratch) {
    pass s;
    acc *variances = (acc *)open_pass(program, panel, panel, PANEL_AGAINST_ITSELF, 0, scratch, &s);
    size_t numbers = (size_t)(s.plan->height * s.plan->width * s.plan->channels);
    memset(panel, 0, program->size * LANES * sizeof(scalar));
    for (size_t lane = 0; lane < LANES; lane++) {
        // Lanes without an image repeat the last one: whatever they compute is finite, and nobody reads it.
        const scalar *image = x + (lane < count ? lane : count - 1) * numbers;
        for (size_t i = 0; i < numbers; i++) panel[i * LANES + lane] = image[i];
    }
    prepare_panel(&s, variances, panel);
}

void NAME(ntk_planes_row)(const ntk_planes *program, const scalar *panel, int lane, scalar *row) {
    for (size_t i = 0; i < program->size; i++) row[i] = panel[i * LANES + (size_t)lane];
}

CLONES void NAME(ntk_planes_forward)(const ntk_planes *program, const scalar *row, const scalar *panel, scalar *nngp,
                                     scalar *ntk, void *scratch) {
    pass s;
    open_pass(program, row, panel, ROW_AGAINST_PANEL, 0, scratch, &s);
    int last = s.plan->segments - 1;
    wide sum_v = 0, sum_t = 0;
    for (int n = 0; n <= last; n++)
        forward_segment(&s, n, s.segments[n].range_y, s.segments[n].range_x, &sum_v, &sum_t);
    acc scale = s.parameters[s.segments[last].pool_scale];
    // The last number of an image is the mean variance at the read-out.
    size_t mean = program->size - 1;
    for (int lane = 0; lane < LANES; lane++) {
        acc q = (acc)row[mean] + (acc)panel[mean * LANES + (size_t)lane];
        nngp[lane] = (scalar)((q - sum_v[lane] * scale) / 2);
        ntk[lane] = (scalar)(sum_t[lane] * scale);
    }
}

CLONES void NAME(ntk_planes_reverse)(const ntk_planes *program, const scalar *row, const scalar *panel,
                                     const scalar *coefficients, double k_weight, double t_weight, scalar *record,
                                     void *scratch) {
    pass s;
    open_pass(program, row, panel, ROW_AGAINST_PANEL, 1, scratch, &s);
    double scale = s.parameters[s.segments[s.plan->segments - 1].pool_scale];
    real k = R(k_weight * scale) * LOAD(coefficients), t = R(t_weight * scale) * LOAD(coefficients);
    reverse_pair(&s, &k, &t, (real *)record);
}

CLONES void NAME(ntk_planes_fold)(size_t size, const scalar *sum, scalar *total) {
    for (size_t i = 0; i < size; i++) {
        scalar value = 0;
        for (int lane = 0; lane < LANES; lane++) value += sum[i * LANES + (size_t)lane];
        total[i] = value;
    }
}

int NAME(ntk_planes_block)(void) { return BLOCK; }

CLONES void NAME(ntk_planes_contract)(size_t numbers, size_t stride, size_t panels, const scalar *record,
                                      const scalar *coefficients, size_t pitch, scalar *sums) {
    contract(record, (int)numbers, (int)stride, (int)panels, coefficients, (int)pitch, sums);
}

CLONES void NAME(ntk_planes_finish)(const ntk_planes *program, const scalar *row, scalar *record, void *scratch) {
    pass s;
    real *variances = open_pass(program, row, row, ROW_AGAINST_ITSELF, 1, scratch, &s);
    finish_records(&s, (real *)record, variances);
}

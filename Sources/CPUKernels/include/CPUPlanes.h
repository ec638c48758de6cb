// Host drivers for convolutional nets: covariances that have one entry per pair of pixels.
//
// For two images and a displacement D = p' − p, the entries (p, p + D) are an ordinary image, a plane. Convolutions and
// activations keep planes apart, pooling mixes them. A read-out by flatten needs the plane D = 0 alone.
// A plane is carried as v = q₁ + q₂ − 2k, which is a sum of squares all the way down and therefore exact near
// duplicates, and t = Θ. A vector holds the same entry of LANES pairs: one row image against a panel of column images.
//
// Every function exists for float (`_float32`, 16 lanes) and double (`_float64`, 8 lanes).
#ifndef NTK_CPU_PLANES_H
#define NTK_CPU_PLANES_H

#include "CPUKernels.h"

#include <stdint.h>

#pragma clang assume_nonnull begin

// The tables of Kernels/Covariance/planes.cl, and sizes.
typedef struct {
    const int32_t *plan, *segments, *steps;
    const double *parameters;
    // Numbers per image.
    size_t size;
    // Vectors of the tape.
    size_t tape_size;
} ntk_planes;

#define NTK_DECLARE_PLANES(scalar, suffix)                                                                             \
    int ntk_planes_lanes_##suffix(void);                                                                               \
                                                                                                                       \
    /* Fills a panel, [size, lanes], from images x, [count, pixels, channels], 1 ≤ count ≤ lanes. */                   \
    void ntk_planes_prepare_##suffix(const ntk_planes *program, const scalar *x, size_t count, scalar *panel,          \
                                     void *scratch);                                                                   \
                                                                                                                       \
    /* Takes one image out of a panel: row, [size]. */                                                                 \
    void ntk_planes_row_##suffix(const ntk_planes *program, const scalar *panel, int lane, scalar *row);               \
                                                                                                                       \
    /* NNGP and NTK at the read-out, [lanes] each. */                                                                  \
    void ntk_planes_forward_##suffix(const ntk_planes *program, const scalar *row, const scalar *panel, scalar *nngp,  \
                                     scalar *ntk, void *scratch);                                                      \
                                                                                                                       \
    /* Adds the records of a row with every image of a panel to record, [record size, lanes], for                      \
       L = coefficients[lane] (k_weight k + t_weight t) at the read-out. */                                            \
    void ntk_planes_reverse_##suffix(const ntk_planes *program, const scalar *row, const scalar *panel,                \
                                     const scalar *coefficients, double k_weight, double t_weight, scalar *record,     \
                                     void *scratch);                                                                   \
                                                                                                                       \
    /* total [size] = Σ over the lanes of sum [size, lanes]. */                                                        \
    void ntk_planes_fold_##suffix(size_t size, const scalar *sum, scalar *total);                                      \
                                                                                                                       \
    /* Panels whose records are best contracted together. */                                                           \
    int ntk_planes_block_##suffix(void);                                                                               \
                                                                                                                       \
    /* sums [numbers, pitch] += record [panels, stride, lanes] coefficients [panels, lanes, pitch], of `numbers` of each\
       record; pitch: whole vectors of cotangents. */                                                                  \
    void ntk_planes_contract_##suffix(size_t numbers, size_t stride, size_t panels, const scalar *record,              \
                                      const scalar *coefficients, size_t pitch, scalar *sums);                         \
                                                                                                                       \
    /* record [record size, lanes], lanes being cotangents, summed over pairs; or pairs, where no image against itself \
       has planes that are mixed. Its first numbers become the gradients [pixel, channel, lane]. Both this and `reverse`\
       take the scratch of gradients. */                                                                               \
    void ntk_planes_finish_##suffix(const ntk_planes *program, const scalar *row, scalar *record, void *scratch);

NTK_DECLARE_PLANES(float, float32)
NTK_DECLARE_PLANES(double, float64)

#pragma clang assume_nonnull end

#endif

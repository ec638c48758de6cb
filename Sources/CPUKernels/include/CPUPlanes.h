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

#pragma clang assume_nonnull begin

#define NTK_NO_SLOT ((size_t)-1)

typedef struct {
    int height, width;
    int stride_y, stride_x;
    // Pixels of padding before the first row and column.
    int top, left;
    int is_circular;
    // Whether it reads beyond the image at all.
    int is_padded;
} ntk_window;

typedef struct {
    ntk_opcode opcode;
    // Size of the image that the step makes; for a convolution also of the one that it reads.
    int height, width, input_height, input_width;
    ntk_window window;
    // Offsets, in numbers per image, of the step's planes of slots: for NTK_CONV `slot` is the variance that it reads
    // (for the rim of a plane) and `after` the one that it makes, each NTK_NO_SLOT where not needed.
    size_t slot, after;
    // NTK_CONV: w²/(filter size), b². Others: as in their .cl files.
    double parameters[NTK_STEP_PARAMETERS];
} ntk_plane_step;

// What ends a segment: a read-out by the sum of the entries (p, p), one by the sum of all entries, window sums.
typedef enum { NTK_FLATTEN, NTK_GLOBAL_POOL, NTK_POOL } ntk_sink;

// Steps between two sinks. Behind a read-out images have one pixel.
typedef struct {
    const ntk_plane_step *_Nullable steps;
    size_t count;
    int height, width;         // of the image at the start
    int end_height, end_width; // and at the end
    int stride_y, stride_x;    // product of the strides
    int range_y, range_x;      // displacements at the end: −range … range
    int self_y, self_x;        // the same for an image against itself; −1 for none
    ntk_sink sink;
    ntk_window pool;
    int pool_height, pool_width; // size after the sink
    double pool_scale;           // 1/(number of summed entries) for a mean, 1 for a sum
    // Planes of slots: half the spread inside a window of the sink before this segment; NTK_NO_SLOT where there is
    // none, in the first segment and behind flatten.
    size_t spread;
    int is_circular; // displacements wrap around
    int has_ntk;     // whether t is there at the start
} ntk_segment;

typedef struct {
    const ntk_segment *segments;
    size_t count;
    int channels;
    // Numbers per image of a panel: inputs [pixel, channel] first, then the slots.
    size_t size;
    // Widest rim that a filter reads.
    int rim_y, rim_x;
    int depth; // states alive at once
} ntk_planes;

#define NTK_DECLARE_PLANES(scalar, suffix)                                                                             \
    /* Bytes of scratch that one call of the functions below needs. */                                                 \
    size_t ntk_planes_scratch_##suffix(const ntk_planes *program);                                                     \
    size_t ntk_planes_gradient_scratch_##suffix(const ntk_planes *program);                                            \
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
    /* Numbers of a record: what a pair contributes to the gradient in the row image. */                               \
    size_t ntk_planes_record_size_##suffix(const ntk_planes *program);                                                 \
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
    /* record: sums of records over pairs, [record size, lanes], lanes being cotangents; its first numbers become the  \
       gradients [pixel, channel, lane]. Both this and `reverse` take the scratch of gradients. */                     \
    void ntk_planes_finish_##suffix(const ntk_planes *program, const scalar *row, scalar *record, void *scratch);

NTK_DECLARE_PLANES(float, float32)
NTK_DECLARE_PLANES(double, float64)

#pragma clang assume_nonnull end

#endif

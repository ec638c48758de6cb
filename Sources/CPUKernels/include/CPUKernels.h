// Host drivers around the step files of Kernels/Covariance, for the scalar geometry: dense nets.
//
// Inputs are prepared once: scaled to unit norm and split along a unit vector v, with per-input slots of every step. A Gram tile is then a matrix product of the w (the caller's BLAS) and one
// of the functions below on the products it gives; see Kernels/Covariance/pair.cl.
// Every function exists for float (`_float32`) and double (`_float64`), is compiled for several instruction sets and
// chooses at load time. None allocates, none keeps state, all may run on many threads at once.
#ifndef NTK_CPU_KERNELS_H
#define NTK_CPU_KERNELS_H

#include <stddef.h>

#pragma clang assume_nonnull begin

typedef enum {
    NTK_DENSE,
    NTK_ABRELU,
    NTK_ERF,
    NTK_GELU,
    NTK_LAYER_NORM,
    NTK_FORK,
    NTK_EXCHANGE,
    NTK_JOIN,
    NTK_CONV,
} ntk_opcode;

#define NTK_STEP_PARAMETERS 4
// States alive at once: one, and one per open residual block.
#define NTK_DEPTH 8

typedef struct {
    ntk_opcode opcode;
    // First of the step's per-input slots.
    size_t slot;
    double parameters[NTK_STEP_PARAMETERS];
} ntk_step;

typedef struct {
    const ntk_step *steps;
    size_t count;
    // Slot of √q after the last step.
    size_t readout;
    // Numbers per input, d.
    size_t dimension;
    // v, the unit vector that inputs are split along: [d].
    const double *direction;
} ntk_program;

#define NTK_DECLARE(scalar, suffix)                                                                                    \
    typedef struct {                                                                                                   \
        /* [count, d]: w of x/|x| = s v + w, or 0 */                                                                   \
        scalar *centred;                                                                                               \
        /* [4, stride]: what a pair starts from, |x|, s, <w, v> and |w|²/2 */                                          \
        scalar *start;                                                                                                 \
        /* [slots, stride]; stride is at least count + 16, so that vectors may read past the last input */             \
        scalar *slots;                                                                                                 \
        size_t stride;                                                                                                 \
    } ntk_inputs_##suffix;                                                                                             \
                                                                                                                       \
    /* Fills `inputs` from x, [count, d], for the inputs begin ..< end. */                                             \
    void ntk_prepare_##suffix(const ntk_program *program, const scalar *x, size_t begin, size_t end,                   \
                              const ntk_inputs_##suffix *inputs);                                                      \
                                                                                                                       \
    /* Covariances of rows × columns from <w, w'>, [rows, product_stride], product_stride ≥ columns + 15.              \
       nngp, ntk: [rows, stride], either may be null; `triangular`: only columns ≤ row are computed. */                \
    void ntk_forward_##suffix(const ntk_program *program, const ntk_inputs_##suffix *rows, size_t row_begin,           \
                              size_t row_end, const ntk_inputs_##suffix *columns, size_t column_begin,                 \
                              size_t column_end, int triangular, const scalar *product, size_t product_stride,         \
                              scalar *_Nullable nngp, scalar *_Nullable ntk, size_t stride);                           \
                                                                                                                       \
    /* The covariance (ntk, or nngp where `is_nngp`) of rows × columns and its gradient in the row x, as factors:      \
       ∇K = tangential u' + radial u, u = x/|x|. product: <w, w'>, [rows, product_stride], product_stride ≥            \
       columns + 15; results: [rows, stride]. */                                                                       \
    void ntk_tangent_##suffix(const ntk_program *program, int is_nngp, const ntk_inputs_##suffix *rows,                \
                              size_t row_begin, size_t row_end, const ntk_inputs_##suffix *columns,                    \
                              size_t column_begin, size_t column_end, const scalar *product, size_t product_stride,    \
                              scalar *value, scalar *tangential, scalar *radial, size_t stride);                       \
                                                                                                                       \
    /* The gradient of one row, in one pass over the columns, each of which is read once from memory:                  \
       gradient[s] = Σ_j a_sj w_j, a_sj = c_sj tangential_j, and sums[s] as of ntk_weigh, with                         \
       c_sj = Σ_o cotangents[s, o] weights[o, j]. cotangents: [count, outputs]; gradient: [count, d]; sums: [count, 2]. */\
    void ntk_row_gradient_##suffix(const ntk_program *program, int is_nngp, const ntk_inputs_##suffix *rows,           \
                                   size_t row, const ntk_inputs_##suffix *columns, size_t column_begin,                \
                                   size_t column_end, const double *cotangents, size_t count, size_t outputs,          \
                                   const scalar *weights, size_t weight_stride, scalar *gradient, double *sums);       \
                                                                                                                       \
    /* sum ← sum + Σ_j w_j v_j, v: [columns, stride] of which d numbers count; `first`: the sum begins with zero. */   \
    void ntk_accumulate_##suffix(size_t columns, size_t dimension, const scalar *w, const scalar *v, size_t stride,    \
                                 int first, scalar *sum);                                                              \
                                                                                                                       \
    /* target[o, j] = source[j, o], rounded. */                                                                        \
    void ntk_turn_##suffix(size_t columns, size_t outputs, const double *source, scalar *target);                      \
                                                                                                                       \
    /* For the columns begin ..< end: a[j] = c_j tangential[j], sums[0] += Σ c_j radial[j] and sums[1] += Σ a_j s_j with\
       c_j = Σ_o cotangent[o] weights[o, j]. weights, tangential, radial and a begin at the first of the columns. */   \
    void ntk_weigh_##suffix(const ntk_inputs_##suffix *columns, size_t column_begin, size_t column_end,                \
                            size_t outputs, const double *cotangent, const scalar *weights, size_t weight_stride,      \
                            const scalar *tangential, const scalar *radial, scalar *a, double *sums);                  \
                                                                                                                       \
    /* f[i, o] = Σ_j value[i, j] weights[o, j], in double. */                                                          \
    void ntk_predict_##suffix(size_t rows, size_t columns, size_t outputs, const scalar *value,                        \
                              size_t value_stride, const double *weights, size_t weight_stride, double *f);            \
                                                                                                                       \
    /* Coordinates at which all inputs 0 ..< count are zero, to blanks, which holds d; returns how many. */            \
    size_t ntk_find_blanks_##suffix(const ntk_program *program, const ntk_inputs_##suffix *columns, size_t count,      \
                                    size_t *blanks);                                                                   \
                                                                                                                       \
    /* From Σ_j a_j w_j to the gradient: gradient ← gradient + sums[0] w + (sums[1] + sums[0] s) v. At the columns'    \
       blanks, where the row is zero too, the gradient is zero: an attack that follows its sign must see that, and the \
       terms cancel only up to rounding. */                                                                            \
    void ntk_finish_gradient_##suffix(const ntk_program *program, const ntk_inputs_##suffix *rows, size_t row,         \
                                      const double *sums, const size_t *blanks, size_t blank_count,                    \
                                      scalar *gradient);                                                               \
                                                                                                                       \
    /* target[j, i] = source[i, j]. */                                                                                 \
    void ntk_transpose_##suffix(size_t rows, size_t columns, const scalar *source, size_t source_stride,               \
                                scalar *target, size_t target_stride);

NTK_DECLARE(float, float32)
NTK_DECLARE(double, float64)

// Elementwise operations, the text of Kernels/Attack: the same arguments as the entry points there, for the numbers
// begin ..< end.
#define NTK_DECLARE_OPERATIONS(scalar, suffix)                                                                         \
    void ntk_sign_step_##suffix(scalar *point, const scalar *origin, const scalar *gradient, scalar alpha, scalar eps, \
                                scalar lower, scalar upper, size_t begin, size_t end);

NTK_DECLARE_OPERATIONS(float, float32)
NTK_DECLARE_OPERATIONS(double, float64)

// Cores that this process may use; an affinity mask counts.
int ntk_usable_cores(void);

#pragma clang assume_nonnull end

#endif

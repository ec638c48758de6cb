// Host drivers around the step files of Kernels/Covariance, for the scalar geometry: dense nets.
//
// Inputs are prepared once: scaled to unit norm, with per-input slots of every step. A Gram tile is then a matrix
// product of unit inputs (the caller's BLAS) and one of the functions below on the correlations it gives.
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
} ntk_program;

#define NTK_DECLARE(scalar, suffix)                                                                                    \
    typedef struct {                                                                                                   \
        /* [count, d]: x/|x|, or 0 */                                                                                  \
        scalar *unit;                                                                                                  \
        /* [stride]: |x| */                                                                                            \
        scalar *norm;                                                                                                  \
        /* [slots, stride]; stride is at least count + 16, so that vectors may read past the last input */             \
        scalar *slots;                                                                                                 \
        size_t stride;                                                                                                 \
    } ntk_inputs_##suffix;                                                                                             \
                                                                                                                       \
    /* Fills `inputs` from x, [count, d], for the inputs begin ..< end. */                                             \
    void ntk_prepare_##suffix(const ntk_program *program, const scalar *x, size_t begin, size_t end,                   \
                              const ntk_inputs_##suffix *inputs);                                                      \
                                                                                                                       \
    /* Covariances of rows × columns from their correlations rho, [rows, rho_stride], rho_stride ≥ columns + 15.       \
       nngp, ntk: [rows, stride], either may be null; `triangular`: only columns ≤ row are computed. */                \
    void ntk_forward_##suffix(const ntk_program *program, const ntk_inputs_##suffix *rows, size_t row_begin,           \
                              size_t row_end, const ntk_inputs_##suffix *columns, size_t column_begin,                 \
                              size_t column_end, int triangular, const scalar *rho, size_t rho_stride, scalar         \
                              *_Nullable nngp, scalar *_Nullable ntk, size_t stride);                                  \
                                                                                                                       \
    /* The covariance (ntk, or nngp where `is_nngp`) of rows × columns and its gradient in the row x, as factors:       \
       ∇K = tangential u' + radial u, u = x/|x|. rho: [rows, rho_stride], rho_stride ≥ columns + 15; results:           \
       [rows, stride]. */                                                                                              \
    void ntk_tangent_##suffix(const ntk_program *program, int is_nngp, const ntk_inputs_##suffix *rows,                \
                              size_t row_begin, size_t row_end, const ntk_inputs_##suffix *columns,                    \
                              size_t column_begin, size_t column_end, const scalar *rho, size_t rho_stride,            \
                              scalar *value, scalar *tangential, scalar *radial, size_t stride);                       \
                                                                                                                       \
    /* The gradient of one row, in one pass over the columns, each of which is read once from memory:                   \
       gradient[s] = Σ_j c_sj tangential_j u'_j and sums[s] = Σ_j c_sj radial_j with                                     \
       c_sj = Σ_o cotangents[s, o] weights[o, j]. cotangents: [count, outputs]; gradient: [count, d].  */              \
    void ntk_row_gradient_##suffix(const ntk_program *program, int is_nngp, const ntk_inputs_##suffix *rows,           \
                                   size_t row, const ntk_inputs_##suffix *columns, size_t column_begin,                \
                                   size_t column_end, const double *cotangents, size_t count, size_t outputs,          \
                                   const scalar *weights, size_t weight_stride, scalar *gradient, double *sums);       \
                                                                                                                       \
    /* sum ← sum + Σ_j w_j v_j, v: [columns, stride] of which d numbers count; `first`: the sum begins with zero. */    \
    void ntk_accumulate_##suffix(size_t columns, size_t dimension, const scalar *w, const scalar *v, size_t stride,    \
                                 int first, scalar *sum);                                                              \
                                                                                                                       \
    /* target[o, j] = source[j, o], rounded. */                                                                        \
    void ntk_turn_##suffix(size_t columns, size_t outputs, const double *source, scalar *target);                      \
                                                                                                                       \
    /* w[j] = c_j tangential[j] and *sum += Σ c_j radial[j], c_j = Σ_o cotangent[o] weights[o, j]. */                  \
    void ntk_weigh_##suffix(size_t columns, size_t outputs, const double *cotangent, const scalar *weights,            \
                            size_t weight_stride, const scalar *tangential, const scalar *radial, scalar *w,           \
                            double *sum);                                                                              \
                                                                                                                       \
    /* f[o] = Σ_j value[j] weights[o, j], in double. */                                                                \
    void ntk_predict_##suffix(size_t columns, size_t outputs, const scalar *value, const double *weights,              \
                              size_t weight_stride, double *f);                                                        \
                                                                                                                       \
    /* gradient ← gradient + sum u. */                                                                                 \
    void ntk_finish_gradient_##suffix(size_t dimension, const scalar *unit, double sum, scalar *gradient);             \
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

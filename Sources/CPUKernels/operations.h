// Elementwise operations for one precision: included by operations_float32.c and operations_float64.c.

#include "CPUKernels.h"
#include "prelude.cl"

#include "Attack/sign_step.cl"

void NAME(ntk_sign_step)(scalar *point, const scalar *origin, const scalar *gradient, scalar alpha, scalar eps,
                         scalar lower, scalar upper, size_t begin, size_t end) {
    for (size_t i = begin; i < end; i++) sign_step_at(i, point, origin, gradient, alpha, eps, lower, upper);
}

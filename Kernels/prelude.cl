// Types and words that every step and every driver uses, in the subset of C that OpenCL C 1.2 and clang's C share.
//
//   scalar   float or double: REAL_BITS = 32 or 64
//   real     what one work-item (or one lane group of the CPU backend) holds: REAL_WIDTH scalars; 1 on a GPU
//   acc      the type of long sums and per-image quantities: double where there is fp64, else float
//   acc8, scalar8   eight of them, in OpenCL only
//   GLOBAL, CONSTANT   address spaces; empty and const in C
//   TABLE    storage of a table of coefficients
//
// A vector never crosses a function boundary by value: steps take pointers (under target_clones a 512-bit vector by
// value is an ABI error).

#ifndef REAL_BITS
#define REAL_BITS 32
#endif
#ifndef REAL_WIDTH
#define REAL_WIDTH 1
#endif

#define PASTE_(a, b) a##b
#define PASTE(a, b) PASTE_(a, b)

#if REAL_BITS == 64
#define scalar double
#define integer long
#else
#define scalar float
#define integer int
#endif

#ifdef __OPENCL_C_VERSION__

#if defined(cl_khr_fp64)
#pragma OPENCL EXTENSION cl_khr_fp64 : enable
typedef double acc;
typedef double8 acc8;
#define convert_acc8 convert_double8
#define ACC_BITS 64
#else
typedef float acc;
typedef float8 acc8;
#define convert_acc8 convert_float8
#define ACC_BITS 32
#endif
typedef PASTE(scalar, 8) scalar8;
#define convert_scalar8 PASTE(convert_, PASTE(scalar, 8))
#define GLOBAL __global
#define CONSTANT __constant
#define TABLE __constant
#define STEP static inline
#define SIZE ulong

#if REAL_WIDTH == 1
typedef scalar real;
typedef int mask_t;
#define SELECT(condition, a, b) ((condition) ? (a) : (b))
#define ANY(condition) (condition)
#define LOAD(pointer) (*(pointer))
#define STORE(value, pointer) (*(pointer) = (value))
#else
typedef PASTE(scalar, REAL_WIDTH) real;
typedef PASTE(integer, REAL_WIDTH) mask_t;
#define SELECT(condition, a, b) select((real)(b), (real)(a), (mask_t)(condition))
#define ANY(condition) any(condition)
#define LOAD(pointer) PASTE(vload, REAL_WIDTH)(0, pointer)
#define STORE(value, pointer) PASTE(vstore, REAL_WIDTH)(value, 0, pointer)
#endif

#else // C, the CPU backend

#include <math.h>
#include <stddef.h>
#include <stdint.h>

typedef double acc;
#define ACC_BITS 64
#define GLOBAL
#define CONSTANT const
#define TABLE static const
// The width keeps vectors of 512 bits whole where the processor has them; callers inherit it.
#define STEP static inline __attribute__((always_inline, min_vector_width(512)))
#define SIZE size_t

typedef scalar real __attribute__((ext_vector_type(REAL_WIDTH)));
#if REAL_BITS == 64
typedef int64_t mask_t __attribute__((ext_vector_type(REAL_WIDTH)));
#else
typedef int32_t mask_t __attribute__((ext_vector_type(REAL_WIDTH)));
#endif
typedef real unaligned_real __attribute__((aligned(sizeof(scalar))));
#define SELECT(condition, a, b)                                                                                        \
    __builtin_bit_cast(real, ((condition) & __builtin_bit_cast(mask_t, (real)(a))) |                                     \
                                 (~(condition) & __builtin_bit_cast(mask_t, (real)(b))))
#define ANY(condition) (__builtin_reduce_or(condition) != 0)
#define LOAD(pointer) (*(const unaligned_real *)(pointer))
#define STORE(value, pointer) (*(unaligned_real *)(pointer) = (value))
#undef sqrt
#define sqrt(x) __builtin_elementwise_sqrt(x)
#define fma(a, b, c) __builtin_elementwise_fma(a, b, c)
#define fmin(a, b) __builtin_elementwise_min(a, b)
#define fmax(a, b) __builtin_elementwise_max(a, b)
#define fabs(x) __builtin_elementwise_abs(x)
#define copysign(x, y) __builtin_elementwise_copysign(x, y)

#endif

#define PI 3.14159265358979323846
// A number as a real of its own precision: a double literal would widen a float.
#define R(x) ((real)((scalar)(x)))

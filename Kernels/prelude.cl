// Number types that every kernel file shares, in OpenCL C and in C.
//
// REAL_BITS 32 | 64: width of `scalar`, the numbers in buffers.
#ifndef REAL_BITS
#define REAL_BITS 32
#endif

#ifdef __OPENCL_C_VERSION__
#ifdef cl_khr_fp64
#pragma OPENCL EXTENSION cl_khr_fp64 : enable
typedef double acc;
#else
typedef float acc;
#endif
#define GLOBAL __global
#else
#include <math.h>
#include <stddef.h>
typedef double acc;
#define GLOBAL
#endif

#if REAL_BITS == 64
typedef double scalar;
#else
typedef float scalar;
#endif
typedef scalar real;

// Operations of finite nets by name: host drivers around the texts of Kernels/Network.
//
// An operation takes the arguments of its OpenCL entry point in the same order, without the last one, the number of
// work-items: it does the work of the items begin ..< end. None allocates or keeps state, all may run on many threads
// at once.
#ifndef NTK_CPU_OPERATIONS_H
#define NTK_CPU_OPERATIONS_H

#include <stddef.h>

#pragma clang assume_nonnull begin

typedef union {
    void *buffer;
    double real;
    size_t size;
} ntk_argument;

typedef void (*ntk_operation)(const ntk_argument *arguments, size_t begin, size_t end);

// The operation whose entry point is called so, for float and for double; null where there is none.
ntk_operation _Nullable ntk_find_operation_float32(const char *name);
ntk_operation _Nullable ntk_find_operation_float64(const char *name);

#pragma clang assume_nonnull end

#endif

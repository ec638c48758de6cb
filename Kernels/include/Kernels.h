// The text of every kernel file, embedded at build time.
#ifndef NTK_KERNELS_H
#define NTK_KERNELS_H

#include <stddef.h>

/// Text of a kernel file, NUL-terminated, or NULL where there is no such file.
/// `path` is relative to `Kernels/`, e.g. "Attack/sign_step.cl".
const char *ntk_kernel_text(const char *path);

/// Number of kernel files.
size_t ntk_kernel_count(void);

/// Path of the file number `index`, or NULL from `ntk_kernel_count()` on.
const char *ntk_kernel_path(size_t index);

#endif

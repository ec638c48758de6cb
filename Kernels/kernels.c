#include "include/Kernels.h"

#include <string.h>

// To add a kernel file, add its KERNEL and its include.
static const struct {
    const char *path;
    const unsigned char *text;
} files[] = {
#define KERNEL "prelude.cl"
#include "embed.h"
#define KERNEL "Covariance/pair.cl"
#include "embed.h"
#define KERNEL "Covariance/dense.cl"
#include "embed.h"
#define KERNEL "Covariance/abrelu.cl"
#include "embed.h"
#define KERNEL "Covariance/erf.cl"
#include "embed.h"
#define KERNEL "Covariance/gelu.cl"
#include "embed.h"
#define KERNEL "Covariance/smooth.cl"
#include "embed.h"
#define KERNEL "Covariance/layer_norm.cl"
#include "embed.h"
#define KERNEL "Covariance/residual.cl"
#include "embed.h"
#define KERNEL "Covariance/plane.cl"
#include "embed.h"
#define KERNEL "Covariance/planes.cl"
#include "embed.h"
#define KERNEL "Covariance/planes_forward.cl"
#include "embed.h"
#define KERNEL "Covariance/planes_gram.cl"
#include "embed.h"
#define KERNEL "Covariance/planes_prepare.cl"
#include "embed.h"
#define KERNEL "Covariance/planes_reverse.cl"
#include "embed.h"
#define KERNEL "Covariance/planes_gradient.cl"
#include "embed.h"
#define KERNEL "Covariance/planes_finish.cl"
#include "embed.h"
#define KERNEL "Covariance/scalar.cl"
#include "embed.h"
#define KERNEL "Covariance/scalar_group.cl"
#include "embed.h"
#define KERNEL "Covariance/scalar_vector.cl"
#include "embed.h"
#define KERNEL "Covariance/pullback.cl"
#include "embed.h"
#define KERNEL "Covariance/pullback_group.cl"
#include "embed.h"
#define KERNEL "Covariance/pullback_vector.cl"
#include "embed.h"
#define KERNEL "Attack/sign_step.cl"
#include "embed.h"
#define KERNEL "Matrix/mirror.cl"
#include "embed.h"
#define KERNEL "Network/window.cl"
#include "embed.h"
#define KERNEL "Network/im2col.cl"
#include "embed.h"
#define KERNEL "Network/sum_pool.cl"
#include "embed.h"
#define KERNEL "Network/max_pool.cl"
#include "embed.h"
#define KERNEL "Network/abrelu.cl"
#include "embed.h"
#define KERNEL "Network/bias.cl"
#include "embed.h"
#define KERNEL "Network/erf.cl"
#include "embed.h"
#define KERNEL "Network/gelu.cl"
#include "embed.h"
#define KERNEL "Network/layer_norm.cl"
#include "embed.h"
#define KERNEL "Network/add.cl"
#include "embed.h"
#define KERNEL "Network/cross_entropy.cl"
#include "embed.h"
#define KERNEL "Network/squared_error.cl"
#include "embed.h"
#define KERNEL "Network/sgd.cl"
#include "embed.h"
#define KERNEL "Network/patch_gram.cl"
#include "embed.h"
};

const char *ntk_kernel_text(const char *path) {
    for (size_t i = 0; i < ntk_kernel_count(); i++)
        if (strcmp(files[i].path, path) == 0)
            return (const char *)files[i].text;
    return NULL;
}

size_t ntk_kernel_count(void) { return sizeof files / sizeof files[0]; }

const char *ntk_kernel_path(size_t index) { return index < ntk_kernel_count() ? files[index].path : NULL; }

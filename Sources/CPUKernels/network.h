// Operations of finite nets for one precision: included by network_float32.c and network_float64.c.
//
// Elementwise operations run over stretches in which nothing changes but the number: rows of channels, and periods of
// what a forward pass saved.

#include "CPUOperations.h"
#include "clones.h"
#include "prelude.cl"

#include <string.h>

#include "Network/window.cl"

#include "Network/abrelu.cl"
#include "Network/axpby.cl"
#include "Network/bias.cl"
#include "Network/cross_entropy.cl"
#include "Network/erf.cl"
#include "Network/gelu.cl"
#include "Network/im2col.cl"
#include "Network/layer_norm.cl"
#include "Network/max_pool.cl"
#include "Network/patch_gram.cl"
#include "Network/sgd.cl"
#include "Network/squared_error.cl"
#include "Network/sum_pool.cl"

// Each body sees its arguments `a` and the items `begin ..< end`.
#define OPERATION(name) CLONES static void name##_items(const ntk_argument *a, size_t begin, size_t end)
#define BUFFER(index) ((scalar *)a[index].buffer)
#define REAL(index) ((scalar)a[index].real)
#define NUMBER(index) (a[index].size)
// The geometry of windows from argument `index` on, in the order of window.cl.
#define WINDOW(index)                                                                                                  \
    {(long)a[index].size,       (long)a[(index) + 1].size, (long)a[(index) + 2].size,  (long)a[(index) + 3].size,      \
     (long)a[(index) + 4].size, (long)a[(index) + 5].size, (long)a[(index) + 6].size,  (long)a[(index) + 7].size,      \
     (long)a[(index) + 8].size, (long)a[(index) + 9].size, (long)a[(index) + 10].size, (long)a[(index) + 11].size}
// Stretches of begin ..< end that lie in one period: runs `body` for i in first ..< last, where i - origin counts from
// the start of the period.
#define STRETCHES(period, body)                                                                                        \
    for (size_t first = begin, last, origin = begin - begin % (period); first < end; first = last, origin += (period)) {  \
        last = origin + (period) < end ? origin + (period) : end;                                                      \
        for (size_t i = first; i < last; i++) { body }                                                                 \
    }
// cotangent[i] *= slope of saved[i % period]: arguments 0, 1 and 2 of every reverse step of an activation.
#define REVERSE(slope)                                                                                                 \
    scalar *cotangent = BUFFER(0);                                                                                     \
    const scalar *saved = BUFFER(1);                                                                                   \
    size_t period = NUMBER(2);                                                                                         \
    STRETCHES(period, {                                                                                                \
        scalar x = saved[i - origin];                                                                                  \
        cotangent[i] *= slope;                                                                                         \
    })
// target[i] = curvature of saved[i] * tangent[i] * cotangent[i].
#define CURVATURE(curvature)                                                                                           \
    scalar *target = BUFFER(0);                                                                                        \
    const scalar *cotangent = BUFFER(1) + NUMBER(2), *saved = BUFFER(3), *tangent = BUFFER(4);                         \
    for (size_t i = begin; i < end; i++) target[i] = curvature(saved[i]) * tangent[i] * cotangent[i];

OPERATION(abrelu) {
    scalar *target = BUFFER(0) + NUMBER(2);
    const scalar *source = BUFFER(1) + NUMBER(2);
    scalar negative = REAL(3), positive = REAL(4);
    for (size_t i = begin; i < end; i++) target[i] = abrelu_of(source[i], negative, positive);
}

OPERATION(abrelu_reverse) {
    scalar negative = REAL(3), positive = REAL(4);
    REVERSE(abrelu_slope(x, negative, positive))
}

OPERATION(axpby) {
    const scalar *x = BUFFER(0) + NUMBER(1);
    scalar *y = BUFFER(3) + NUMBER(4);
    scalar alpha = REAL(2), beta = REAL(5);
    for (size_t i = begin; i < end; i++) y[i] = axpby_of(x[i], y[i], alpha, beta);
}

OPERATION(bias) {
    scalar *values = BUFFER(0) + NUMBER(1);
    const scalar *parameters = BUFFER(2) + NUMBER(3);
    size_t channels = NUMBER(4);
    scalar scale = REAL(5), negative = REAL(6), positive = REAL(7);
    STRETCHES(channels, { values[i] = bias_of(values[i], parameters[i - origin], scale, negative, positive); })
}

#define SMOOTH_MAP(name)                                                                                               \
    OPERATION(name##_map) {                                                                                            \
        scalar *target = BUFFER(0);                                                                                    \
        const scalar *source = BUFFER(1);                                                                              \
        for (size_t i = begin; i < end; i++) target[i] = name##_of(source[i]);                                         \
    }                                                                                                                  \
    OPERATION(name##_map_reverse) { REVERSE(name##_slope(x)) }                                                         \
    OPERATION(name##_map_curvature) { CURVATURE(name##_curvature) }

SMOOTH_MAP(erf)
SMOOTH_MAP(gelu)

OPERATION(layer_norm) {
    for (size_t i = begin; i < end; i++) layer_norm_at(i, BUFFER(0), BUFFER(1), NUMBER(2), REAL(3));
}

OPERATION(layer_norm_reverse) {
    for (size_t i = begin; i < end; i++)
        layer_norm_reverse_at(i, BUFFER(0), BUFFER(1), NUMBER(2), NUMBER(3), REAL(4));
}

OPERATION(layer_norm_curvature) {
    for (size_t i = begin; i < end; i++)
        layer_norm_curvature_at(i, BUFFER(0), BUFFER(1) + NUMBER(2), BUFFER(3), BUFFER(4), NUMBER(5), REAL(6));
}

// Counts windows or pixels of successive images: (n, y, x) is number n * height * width + y * width + x.
typedef struct {
    long n, y, x;
} position_t;

static inline position_t position_of(size_t item, long height, long width) {
    return (position_t){(long)item / (height * width), (long)item / width % height, (long)item % width};
}

static inline void position_step(position_t *p, long height, long width) {
    if (++p->x < width)
        return;
    p->x = 0;
    if (++p->y < height)
        return;
    p->y = 0;
    p->n++;
}

OPERATION(im2col) {
    window_t w = WINDOW(3);
    position_t p = position_of(begin / w.window_height, w.out_height, w.out_width);
    long ky = (long)begin % w.window_height;
    scalar *target = BUFFER(0) + begin * w.window_width * w.channels;
    for (size_t i = begin; i < end; i++, target += w.window_width * w.channels) {
        im2col_line(target, BUFFER(1) + NUMBER(2), p.n, p.y, p.x, ky, &w);
        if (++ky < w.window_height)
            continue;
        ky = 0;
        position_step(&p, w.out_height, w.out_width);
    }
}

OPERATION(col2im) {
    window_t w = WINDOW(3);
    position_t p = position_of(begin, w.height, w.width);
    scalar *target = BUFFER(0) + NUMBER(2) + begin * w.channels;
    for (size_t i = begin; i < end; i++, target += w.channels) {
        col2im_pixel(target, BUFFER(1), p.n, p.y, p.x, &w);
        position_step(&p, w.height, w.width);
    }
}

OPERATION(sum_pool) {
    window_t w = WINDOW(3);
    for (size_t i = begin; i < end; i++) sum_pool_at(i, BUFFER(0), BUFFER(1), REAL(2), &w);
}

OPERATION(sum_pool_reverse) {
    window_t w = WINDOW(3);
    for (size_t i = begin; i < end; i++) sum_pool_reverse_at(i, BUFFER(0), BUFFER(1), REAL(2), &w);
}

OPERATION(max_pool) {
    window_t w = WINDOW(3);
    for (size_t i = begin; i < end; i++) max_pool_at(i, BUFFER(0), BUFFER(1), BUFFER(2), &w);
}

OPERATION(max_pool_tangent) {
    window_t w = WINDOW(3);
    for (size_t i = begin; i < end; i++) max_pool_tangent_at(i, BUFFER(0), BUFFER(1), BUFFER(2), &w);
}

OPERATION(max_pool_reverse) {
    window_t w = WINDOW(4);
    for (size_t i = begin; i < end; i++) max_pool_reverse_at(i, BUFFER(0), BUFFER(1), BUFFER(2), NUMBER(3), &w);
}

OPERATION(cross_entropy) {
    for (size_t i = begin; i < end; i++)
        cross_entropy_at(i, BUFFER(0), BUFFER(1), BUFFER(2), BUFFER(3), NUMBER(4), REAL(5));
}

OPERATION(squared_error) {
    for (size_t i = begin; i < end; i++)
        squared_error_at(i, BUFFER(0), BUFFER(1), BUFFER(2), BUFFER(3), NUMBER(4), REAL(5));
}

OPERATION(sgd) {
    scalar *parameters = BUFFER(0), *velocity = BUFFER(1);
    const scalar *gradient = BUFFER(2);
    scalar rate = REAL(3), momentum = REAL(4), decay = REAL(5);
    for (size_t i = begin; i < end; i++) sgd_at(i, parameters, velocity, gradient, rate, momentum, decay);
}

OPERATION(patch_gram) {
    for (size_t i = begin; i < end; i++)
        patch_gram_at(i, BUFFER(0), NUMBER(1), BUFFER(2), BUFFER(3), NUMBER(4), NUMBER(5), NUMBER(6), NUMBER(7),
                      REAL(8), REAL(9));
}

ntk_operation NAME(ntk_find_operation)(const char *name) {
    static const struct {
        const char *name;
        ntk_operation run;
    } operations[] = {
#define ROW(name) {#name, name##_items}
        ROW(abrelu),        ROW(abrelu_reverse), ROW(axpby),
        ROW(bias),
        ROW(erf_map),       ROW(erf_map_reverse), ROW(erf_map_curvature),
        ROW(gelu_map),      ROW(gelu_map_reverse), ROW(gelu_map_curvature),
        ROW(layer_norm),    ROW(layer_norm_reverse), ROW(layer_norm_curvature),
        ROW(im2col),        ROW(col2im),
        ROW(sum_pool),      ROW(sum_pool_reverse),
        ROW(max_pool),      ROW(max_pool_tangent), ROW(max_pool_reverse),
        ROW(cross_entropy), ROW(squared_error),
        ROW(sgd),           ROW(patch_gram),
#undef ROW
    };
    for (size_t i = 0; i < sizeof operations / sizeof operations[0]; i++)
        if (strcmp(operations[i].name, name) == 0)
            return operations[i].run;
    return NULL;
}

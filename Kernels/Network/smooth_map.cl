// A smooth activation of finite nets as kernels, made of its functions NAME_of, NAME_slope and NAME_curvature, which are
// phi, phi' and phi'' at a number.
//
//     NAME_map:            target[i] = phi(source[i])
//     NAME_map_reverse:    cotangent[i] <- phi'(x) cotangent[i], x = saved[i % period], an input
//     NAME_map_curvature:  target[i] = phi''(x) tangent[i] cotangent[offset + i], x = saved[i]
//
// period  numbers that `saved` holds: several cotangents may belong to one input

#ifdef __OPENCL_C_VERSION__
#define SMOOTH_MAP(NAME)                                                                                               \
    __kernel void NAME##_map(__global scalar *target, __global const scalar *source, ulong count) {                    \
        size_t i = get_global_id(0);                                                                                   \
        if (i < count)                                                                                                 \
            target[i] = NAME##_of(source[i]);                                                                          \
    }                                                                                                                  \
                                                                                                                       \
    __kernel void NAME##_map_reverse(                                                                                  \
        __global scalar *cotangent, __global const scalar *saved, ulong period, ulong count) {                         \
        size_t i = get_global_id(0);                                                                                   \
        if (i < count)                                                                                                 \
            cotangent[i] *= NAME##_slope(saved[i % period]);                                                           \
    }                                                                                                                  \
                                                                                                                       \
    __kernel void NAME##_map_curvature(                                                                                \
        __global scalar *target, __global const scalar *cotangent, ulong offset, __global const scalar *saved,         \
        __global const scalar *tangent, ulong count) {                                                                 \
        size_t i = get_global_id(0);                                                                                   \
        if (i < count)                                                                                                 \
            target[i] = NAME##_curvature(saved[i]) * tangent[i] * cotangent[offset + i];                               \
    }
#endif

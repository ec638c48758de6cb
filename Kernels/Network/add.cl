// Sum of two branches, in place: target[i] += source[i].

STEP scalar add_of(scalar a, scalar b) { return a + b; }

#ifdef __OPENCL_C_VERSION__
__kernel void add(__global scalar *target, __global const scalar *source, ulong count) {
    size_t i = get_global_id(0);
    if (i < count)
        target[i] = add_of(target[i], source[i]);
}
#endif

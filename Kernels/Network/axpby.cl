// A linear combination in place: y[i] <- alpha x[i] + beta y[i].
//
// x, y  from numbers `at_x` and `at_y` on; where beta is 0, y is not read

STEP scalar axpby_of(scalar x, scalar y, scalar alpha, scalar beta) {
    return beta == 0 ? alpha * x : alpha * x + beta * y;
}

#ifdef __OPENCL_C_VERSION__
__kernel void axpby(
    __global const scalar *x, ulong at_x, scalar alpha, __global scalar *y, ulong at_y, scalar beta, ulong count) {
    size_t i = get_global_id(0);
    if (i < count)
        y[at_y + i] = axpby_of(x[at_x + i], y[at_y + i], alpha, beta);
}
#endif

// One step of stochastic gradient descent with momentum and weight decay, in place:
//
//     v <- momentum v + (g + decay p),   p <- p - rate v
//
// parameters p, velocity v, gradient g  [count]

STEP void sgd_at(
    SIZE i, GLOBAL scalar *parameters, GLOBAL scalar *velocity, GLOBAL const scalar *gradient, scalar rate,
    scalar momentum, scalar decay) {
    scalar slope = gradient[i] + decay * parameters[i];
    scalar v = momentum * velocity[i] + slope;
    velocity[i] = v;
    parameters[i] -= rate * v;
}

#ifdef __OPENCL_C_VERSION__
__kernel void sgd(
    __global scalar *parameters, __global scalar *velocity, __global const scalar *gradient, scalar rate,
    scalar momentum, scalar decay, ulong count) {
    if (get_global_id(0) < count)
        sgd_at(get_global_id(0), parameters, velocity, gradient, rate, momentum, decay);
}
#endif

// Half the squared error of each row of outputs f, and its gradient in them:
//
//     loss = sum_c (f_c - y_c)^2 / 2,   gradient_c = scale (f_c - y_c)
//
// losses                      [count]
// gradient, outputs, targets  [count, classes]

STEP void squared_error_at(
    SIZE row, GLOBAL scalar *losses, GLOBAL scalar *gradient, GLOBAL const scalar *outputs,
    GLOBAL const scalar *targets, SIZE classes, scalar scale) {
    scalar sum = 0;
    for (SIZE c = row * classes; c < (row + 1) * classes; c++) {
        scalar residual = outputs[c] - targets[c];
        sum += residual * residual;
        gradient[c] = scale * residual;
    }
    losses[row] = sum / 2;
}

#ifdef __OPENCL_C_VERSION__
__kernel void squared_error(
    __global scalar *losses, __global scalar *gradient, __global const scalar *outputs, __global const scalar *targets,
    ulong classes, scalar scale, ulong count) {
    if (get_global_id(0) < count)
        squared_error_at(get_global_id(0), losses, gradient, outputs, targets, classes, scale);
}
#endif

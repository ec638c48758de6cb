// Sums in a fixed order: over the lanes of a vector, over the work-items of a group.

#if REAL_WIDTH > 1
// The sum of the lanes, in a fixed order.
STEP scalar sum_of(const real *v) {
#if REAL_WIDTH == 16
    PASTE(scalar, 8) eight = v->lo + v->hi;
#else
    PASTE(scalar, 8) eight = *v;
#endif
    PASTE(scalar, 4) four = eight.lo + eight.hi;
    PASTE(scalar, 2) two = four.lo + four.hi;
    return two.x + two.y;
}
#endif

// The sum of one number per work-item of a group of `size` in a row, a power of two; work-item 0 gets it.
STEP acc sum_of_group(acc own, size_t size, __local acc *scratch) {
    size_t lane = get_local_id(0);
    scratch[lane] = own;
    for (size_t half_ = size / 2; half_ > 0; half_ /= 2) {
        barrier(CLK_LOCAL_MEM_FENCE);
        if (lane < half_) scratch[lane] += scratch[lane + half_];
    }
    return lane == 0 ? scratch[0] : 0;
}

// Makes a square matrix symmetric: copies what is below the diagonal to above it.
//
// matrix  [n, n], row-major, in and out
//
// One work-group moves one MIRROR_TILE x MIRROR_TILE tile through local memory, so that both sides of the copy are
// contiguous. MIRROR_TILE: 8, 16 or 32; the group is MIRROR_TILE x MIRROR_TILE. Groups above the diagonal idle.

#ifndef MIRROR_TILE
#define MIRROR_TILE 16
#endif

#ifdef __OPENCL_C_VERSION__
__kernel __attribute__((reqd_work_group_size(MIRROR_TILE, MIRROR_TILE, 1))) void mirror(
    __global scalar *matrix, ulong n) {
    __local scalar tile[MIRROR_TILE][MIRROR_TILE + 1];
    size_t x = get_local_id(0);
    size_t y = get_local_id(1);
    size_t left = get_group_id(0) * MIRROR_TILE;
    size_t top = get_group_id(1) * MIRROR_TILE;
    if (left > top)
        return;
    if (top + y < n && left + x < n)
        tile[y][x] = matrix[(top + y) * n + left + x];
    barrier(CLK_LOCAL_MEM_FENCE);
    size_t row = left + y;
    size_t column = top + x;
    if (column < n && row < column)
        matrix[row * n + column] = tile[x][y];
}
#endif

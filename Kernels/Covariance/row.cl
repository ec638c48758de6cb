// Gradients of a few rows in one pass over the columns, what the drivers share. With one row a product has nothing to
// block, and reading the columns is what takes time: a chunk of them is read from memory for its correlations and is
// still in a near cache for its share of the sum.
//
// Formulas and shapes as in pullback.cl, with all cotangents in one batch: row r stands for point r / count and
// cotangent r % count, length is d. Its `finish` adds the parts up. Before this file come a program's steps, scalar.cl
// and sums.cl, behind it row_group.cl or row_vector.cl with row_gradient: a work-item of the vector form, or a group of
// the other, per part of columns.
//
//   weights  [columns, outputs]
//   points   local memory, [points, d]: w of the rows
//   chunk    columns between a product and its share of the sum: whole panels, CHUNK_LIMIT at most
//
// CHUNK_LIMIT: given by the host; 128 to 512, whole panels.

#ifndef CHUNK_LIMIT
#define CHUNK_LIMIT 256
#endif

#define ROW_PARAMETERS                                                                                                 \
    CONSTANT acc *parameters, TABLE_PARAMETERS(row), SIZE row_count, TABLE_PARAMETERS(column), SIZE column_count,      \
        SIZE dimension, int is_nngp, GLOBAL const acc *cotangents, SIZE count, GLOBAL const acc *weights,              \
        SIZE outputs, SIZE part_width, SIZE chunk, GLOBAL scalar *partial, GLOBAL acc *sums, __local scalar *points

// c_j of one cotangent; 0 past the last column.
STEP scalar coefficient_of(GLOBAL const acc *cotangent, GLOBAL const acc *weights, SIZE outputs, SIZE j,
                           SIZE column_count) {
    scalar c = 0;
    if (j >= column_count) return c;
    for (SIZE o = 0; o < outputs; o++) c = fma((scalar)cotangent[o], (scalar)weights[j * outputs + o], c);
    return c;
}

// Records of pairs times coefficients: sums[i, c] += sum over pairs j of record[i, j] coefficients[j, c], where i are the
// numbers of a record and c cotangents.
//
// A product of matrices whose left side lies as the passes over pairs leave it, so that nothing is packed or turned over:
// a tile of sums stays in registers while it goes through the pairs of a few panels. The right side, 64 pairs x 100
// cotangents x 4 bytes, stays in the nearest cache; the sums, 784 numbers x 112 x 4 bytes, in the second one. Behind
// planes.cl.
//
// record        [panels, stride, LANES], `numbers` of stride being wanted
// coefficients  [panels, LANES, pitch]; pitch: cotangents, in the vector form whole vectors of them
// sums          [numbers, pitch]
//
// BLOCK: panels whose records are kept side by side: 4 vectors of pairs, or 16 pairs of the group form. More make the
// sums travel less; their records leave the second cache.
// TILE: numbers whose sums a work-item holds, in the vector form for up to 4 vectors of cotangents. 6 x 4 vectors, the 4
// that are multiplied and the factor fit 32 registers.

#if REAL_WIDTH > 1
#ifndef BLOCK
#define BLOCK 4
#endif
#ifndef TILE
#define TILE 6
#endif

// A tile of `tile` numbers x `vectors` vectors of cotangents; both are constants where this is called.
STEP void contract_tile(GLOBAL const scalar *record, int stride, int panels, GLOBAL const scalar *coefficients, int pitch,
                        GLOBAL scalar *sums, int tile, int vectors) {
    real sum[TILE][4];
#pragma unroll
    for (int a = 0; a < tile; a++)
#pragma unroll
        for (int b = 0; b < vectors; b++) sum[a][b] = LOAD(sums + (SIZE)a * pitch + b * LANES);
    for (int panel = 0; panel < panels; panel++) {
        GLOBAL const scalar *factors = record + (SIZE)panel * stride * LANES;
        GLOBAL const scalar *weights = coefficients + (SIZE)panel * LANES * pitch;
        for (int lane = 0; lane < LANES; lane++, weights += pitch) {
            real weight[4];
#pragma unroll
            for (int b = 0; b < vectors; b++) weight[b] = LOAD(weights + b * LANES);
#pragma unroll
            for (int a = 0; a < tile; a++) {
                real factor = R(factors[a * LANES + lane]);
#pragma unroll
                for (int b = 0; b < vectors; b++) sum[a][b] = fma(factor, weight[b], sum[a][b]);
            }
        }
    }
#pragma unroll
    for (int a = 0; a < tile; a++)
#pragma unroll
        for (int b = 0; b < vectors; b++) STORE(sum[a][b], sums + (SIZE)a * pitch + b * LANES);
}

// All cotangents of a tile.
STEP void contract_numbers(GLOBAL const scalar *record, int stride, int panels, GLOBAL const scalar *coefficients,
                           int pitch, GLOBAL scalar *sums, int tile) {
    int c = 0;
    for (; c + 4 * LANES <= pitch; c += 4 * LANES)
        contract_tile(record, stride, panels, coefficients + c, pitch, sums + c, tile, 4);
    if (c + 2 * LANES <= pitch) {
        contract_tile(record, stride, panels, coefficients + c, pitch, sums + c, tile, 2);
        c += 2 * LANES;
    }
    if (c < pitch) contract_tile(record, stride, panels, coefficients + c, pitch, sums + c, tile, 1);
}

STEP void contract(GLOBAL const scalar *record, int numbers, int stride, int panels, GLOBAL const scalar *coefficients,
                   int pitch, GLOBAL scalar *sums) {
    int i = 0;
    for (; i + TILE <= numbers; i += TILE)
        contract_numbers(record + i * LANES, stride, panels, coefficients, pitch, sums + (SIZE)i * pitch, TILE);
    for (; i < numbers; i++)
        contract_numbers(record + i * LANES, stride, panels, coefficients, pitch, sums + (SIZE)i * pitch, 1);
}
#else
#ifndef BLOCK
#define BLOCK 16
#endif
#ifndef TILE
#define TILE 8
#endif

// Neighbours take neighbouring cotangents of the same numbers, which all of them read at once. `stride` is a multiple of
// TILE, so that a record may be read past its last number.
STEP void contract(GLOBAL const scalar *record, int numbers, int stride, int panels, GLOBAL const scalar *coefficients,
                   int pitch, GLOBAL scalar *sums) {
    int tiles = (numbers + TILE - 1) / TILE;
    FOR_PLACES(tile, c, tiles, pitch) {
        int i = tile * TILE;
        scalar sum[TILE];
#pragma unroll
        for (int a = 0; a < TILE; a++) sum[a] = 0;
        for (int j = 0; j < panels; j++) {
            scalar weight = coefficients[(SIZE)j * pitch + c];
            GLOBAL const scalar *numbers_of = record + (SIZE)j * stride + i;
#pragma unroll
            for (int a = 0; a < TILE; a++) sum[a] = fma(weight, numbers_of[a], sum[a]);
        }
        for (int a = 0; a < min(TILE, numbers - i); a++) sums[(SIZE)(i + a) * pitch + c] += sum[a];
    }
}
#endif

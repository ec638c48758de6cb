import COpenBLAS
import Compute

extension TiledCholesky {
    /// (Θ + λI)⁻¹ Y by L Z = Y and Lᵀ X = Z; every tile of L is read twice.
    /// - Parameter targets: Y, [n, k].
    /// - Returns: [n, k].
    /// - Throws: as ``factor(progress:isCancelled:)``; a tile that is missing or damaged is computed.
    /// - Complexity: 2 n² k flops.
    package func solve(_ targets: Tensor<Double>) throws(InferenceError) -> Tensor<Double> {
        precondition(targets.count == matrix.n && targets.shape.count == 2, "targets of \(targets.shape)")
        let solution = try SymmetricMatrix.matrix(targets.count, targets.stride)
        let x = solution.doubles
        for (index, value) in targets.elements.enumerated() { x[index] = value }
        for i in 0..<count {
            for j in 0..<i { subtract(try tile(i, j), CblasNoTrans, x, from: i, by: j, targets.stride) }
            divide(x, by: try tile(i, i), CblasNoTrans, i, targets.stride)
        }
        for j in (0..<count).reversed() {
            for i in j + 1..<max(count, j + 1) {
                subtract(try tile(i, j), CblasTrans, x, from: j, by: i, targets.stride)
            }
            divide(x, by: try tile(j, j), CblasTrans, j, targets.stride)
        }
        return solution.tensor()
    }

    /// x_target ← x_target − op(tile) x_source.
    private func subtract(
        _ tile: HostMatrix, _ transpose: CBLAS_TRANSPOSE, _ x: UnsafeMutablePointer<Double>, from target: Int,
        by source: Int, _ k: Int
    ) {
        BLASThreads.all {
            cblas_dgemm(
                CblasRowMajor, transpose, CblasNoTrans, Int32(matrix.range(target).count), Int32(k),
                Int32(matrix.range(source).count), -1, tile.doubles, Int32(tile.columns),
                x + matrix.range(source).lowerBound * k, Int32(k), 1, x + matrix.range(target).lowerBound * k, Int32(k))
        }
    }

    /// x_i ← op(tile)⁻¹ x_i for a diagonal tile.
    private func divide(
        _ x: UnsafeMutablePointer<Double>, by tile: HostMatrix, _ transpose: CBLAS_TRANSPOSE, _ i: Int, _ k: Int
    ) {
        BLASThreads.all {
            cblas_dtrsm(
                CblasRowMajor, CblasLeft, CblasLower, transpose, CblasNonUnit, Int32(tile.rows), Int32(k), 1,
                tile.doubles, Int32(tile.columns), x + matrix.range(i).lowerBound * k, Int32(k))
        }
    }
}

import COpenBLAS
import Compute

/// Θ on disk, multiplied with blocks of vectors by reading each of its tiles once.
final class TiledOperator: SymmetricOperator {
    let matrix: any SymmetricTiles
    private let cache: TileCache
    private let isCancelled: () -> Bool

    var n: Int { matrix.n }

    /// - Parameters:
    ///   - memory: bytes of tiles that stay in memory from one product to the next.
    ///   - isCancelled: asked between tiles.
    init(_ matrix: any SymmetricTiles, memory: Int, isCancelled: @escaping () -> Bool = { false }) {
        self.matrix = matrix
        cache = TileCache(capacity: memory)
        self.isCancelled = isCancelled
    }

    /// - Throws: also `InferenceError.cancelled`, `.storage`.
    func multiply(
        _ vectors: UnsafePointer<Double>, count: Int, into target: UnsafeMutablePointer<Double>
    ) throws(InferenceError) {
        target.update(repeating: 0, count: count * n)
        for i in 0..<matrix.count {
            for j in 0...i {
                if isCancelled() { throw .cancelled }
                let tile = try tile(i, j)
                add(tile, CblasTrans, vectors + matrix.range(j).lowerBound, count, target + matrix.range(i).lowerBound)
                guard i != j else { continue }
                add(
                    tile, CblasNoTrans, vectors + matrix.range(i).lowerBound, count, target + matrix.range(j).lowerBound
                )
            }
        }
    }

    private func tile(_ i: Int, _ j: Int) throws(InferenceError) -> HostMatrix {
        if let known = cache[i, j] { return known }
        let tile = try matrix.widened(i, j)
        cache.insert(tile, i, j)
        return tile
    }

    /// y ← y + x op(tile) for `count` rows.
    private func add(
        _ tile: HostMatrix, _ transpose: CBLAS_TRANSPOSE, _ x: UnsafePointer<Double>, _ count: Int,
        _ y: UnsafeMutablePointer<Double>
    ) {
        let (rows, columns) = (Int32(tile.rows), Int32(tile.columns))
        let isTransposed = transpose == CblasTrans
        BLASThreads.all {
            cblas_dgemm(
                CblasRowMajor, CblasNoTrans, transpose, Int32(count), isTransposed ? rows : columns,
                isTransposed ? columns : rows, 1, x, Int32(n), tile.doubles, columns, 1, y, Int32(n))
        }
    }
}

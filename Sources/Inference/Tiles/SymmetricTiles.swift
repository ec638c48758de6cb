import Compute

/// A symmetric matrix that is read one tile at a time, because it does not fit in memory as a whole.
package protocol SymmetricTiles: Sendable {
    /// Rows and columns of the matrix.
    var n: Int { get }
    /// Rows and columns of a tile; those at the end may be smaller.
    var tile: Int { get }

    /// Reads a tile on or below the diagonal.
    /// - Returns: entries (i · tile …, j · tile …), either precision; above the diagonal of the matrix they mean
    ///   nothing.
    /// - Throws: `InferenceError.storage`, `.outOfMemory`. Called from several threads at a time.
    func read(_ i: Int, _ j: Int) throws(InferenceError) -> HostMatrix
}

extension SymmetricTiles {
    /// Tiles down and across.
    var count: Int { (n + tile - 1) / tile }

    /// Rows of the matrix that tile row `i` covers.
    func range(_ i: Int) -> Range<Int> { i * tile..<min((i + 1) * tile, n) }

    /// A tile in float64; on the diagonal of the matrix all of its entries.
    /// - Throws: also `InferenceError.notFinite`.
    func widened(_ i: Int, _ j: Int) throws(InferenceError) -> HostMatrix {
        let source = try read(i, j)
        let (height, width) = (range(i).count, range(j).count)
        precondition(i >= j && source.rows == height && source.columns == width, "a tile of another size")
        let target = try SymmetricMatrix.matrix(height, width)
        let to = target.base.assumingMemoryBound(to: Double.self)
        let bad =
            switch source.precision {
            case .float32: Self.copy(source.base.assumingMemoryBound(to: Float.self), to, height, width, i == j)
            case .float64: Self.copy(source.base.assumingMemoryBound(to: Double.self), to, height, width, i == j)
            }
        if let bad {
            let (row, column) = (bad / width, bad % width)
            throw .notFinite(
                "Θ", row: range(i).lowerBound + row, column: range(j).lowerBound + column, value: source[row, column])
        }
        return target
    }

    /// Copies and returns the place of the first entry that is not finite.
    private static func copy<T: Real>(
        _ source: UnsafeMutablePointer<T>, _ target: UnsafeMutablePointer<Double>, _ height: Int, _ width: Int,
        _ isDiagonal: Bool
    ) -> Int? {
        for row in 0..<height {
            let known = isDiagonal ? row + 1 : width
            // 0 · x is 0 for finite x and NaN otherwise: the sum says whether a row holds such an entry.
            var check = 0.0
            for column in 0..<known {
                let value = Double(source[row * width + column])
                target[row * width + column] = value
                check += 0 * value
            }
            if !check.isFinite { return (0..<known).map { row * width + $0 }.first { !source[$0].isFinite } }
            if isDiagonal { for column in 0..<row { target[column * width + row] = target[row * width + column] } }
        }
        return nil
    }
}

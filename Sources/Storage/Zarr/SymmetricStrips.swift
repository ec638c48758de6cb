import Compute

/// A symmetric matrix of which the tiles on and below the diagonal are kept, read whole a strip of rows at a time.
package struct SymmetricStrips {
    package let matrix: ZarrMatrix
    /// [tile, n]
    private let strip: HostMatrix
    /// [tile, tile]
    private let scratch: HostMatrix

    /// - Throws: `ComputeError` where the host has no memory for a strip.
    package init(_ matrix: ZarrMatrix) throws(ComputeError) {
        precondition(matrix.rows == matrix.columns, "a matrix of \(matrix.rows) × \(matrix.columns) is not symmetric")
        self.matrix = matrix
        strip = try HostMatrix(rows: min(matrix.tile, matrix.rows), columns: matrix.rows, precision: matrix.precision)
        scratch = try HostMatrix(rows: matrix.tile, columns: matrix.tile, precision: matrix.precision)
    }

    /// Hands out the rows of each tile row, from the first on.
    /// - Parameter body: gets the rows, and their numbers on both sides of the diagonal in C order.
    /// - Throws: ``StorageError`` of a tile that is missing or damaged, or what `body` throws.
    /// - Complexity: each tile off the diagonal is read twice.
    package func forEach(
        _ body: (_ rows: Range<Int>, _ numbers: UnsafeRawBufferPointer) throws(StorageError) -> Void
    ) throws(StorageError) {
        for i in 0..<matrix.grid.rows {
            try read(i)
            let rows = matrix.rowRange(i)
            let count = rows.count * matrix.rows * matrix.precision.byteCount
            try body(rows, UnsafeRawBufferPointer(start: strip.base, count: count))
        }
    }

    private func read(_ i: Int) throws(StorageError) {
        let height = matrix.rowRange(i).count
        for j in 0...i { try matrix.read(i, j, into: strip, row: 0, column: matrix.columnRange(j).lowerBound) }
        for below in i + 1..<max(matrix.grid.rows, i + 1) {
            try matrix.read(below, i, into: scratch, row: 0, column: 0)
            let rows = matrix.rowRange(below)
            switch matrix.precision {
            case .float32: transpose(rows, height, as: Float.self)
            case .float64: transpose(rows, height, as: Double.self)
            }
        }
    }

    /// Puts a tile below the diagonal, [rows, width], beside it.
    private func transpose<T: Real>(_ rows: Range<Int>, _ width: Int, as type: T.Type) {
        let (from, to) = (scratch.base.assumingMemoryBound(to: T.self), strip.base.assumingMemoryBound(to: T.self))
        for row in 0..<rows.count {
            for place in 0..<width {
                to[place * strip.columns + rows.lowerBound + row] = from[row * scratch.columns + place]
            }
        }
    }
}

extension ZarrMatrix {
    /// Tiles on and below the diagonal.
    package var lowerTiles: Int { grid.rows * (grid.rows + 1) / 2 }

    /// Tiles on and below the diagonal that are not there.
    package var missingTiles: Int { (0..<grid.rows).reduce(0) { sum, i in sum + (0...i).count { !holds(i, $0) } } }
}

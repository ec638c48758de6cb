import Compute

extension ZarrMatrix {
    /// Reads the rows of tile row `i` of a symmetric matrix of which the tiles on and below the diagonal are kept.
    /// - Parameters:
    ///   - strip: at least as many rows as the tile row has, n columns; gets the entries of both sides of the diagonal.
    ///   - scratch: [tile, tile].
    /// - Throws: ``StorageError`` of a tile that is missing or damaged.
    package func readStrip(_ i: Int, into strip: HostMatrix, scratch: HostMatrix) throws(StorageError) {
        let height = rowRange(i).count
        precondition(
            rows == columns && strip.rows >= height && strip.columns == rows,
            "a strip of \(strip.rows) × \(strip.columns) for \(height) of \(rows) rows")
        for j in 0...i { try read(i, j, into: strip, row: 0, column: columnRange(j).lowerBound) }
        for below in i + 1..<max(grid.rows, i + 1) {
            try read(below, i, into: scratch, row: 0, column: 0)
            let start = rowRange(below).lowerBound
            switch precision {
            case .float32: transpose(scratch, rowRange(below).count, height, into: strip, start, as: Float.self)
            case .float64: transpose(scratch, rowRange(below).count, height, into: strip, start, as: Double.self)
            }
        }
    }

    private func transpose<T: Real>(
        _ source: HostMatrix, _ height: Int, _ width: Int, into target: HostMatrix, _ column: Int, as type: T.Type
    ) {
        let (from, to) = (source.base.assumingMemoryBound(to: T.self), target.base.assumingMemoryBound(to: T.self))
        for row in 0..<height {
            for place in 0..<width { to[place * target.columns + column + row] = from[row * source.columns + place] }
        }
    }
}

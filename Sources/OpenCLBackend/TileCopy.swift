import Compute
import Dispatch

/// Copies what a device computed of a tile to its place in host memory, and to the transposed place where the tile is
/// symmetric.
struct TileCopy: @unchecked Sendable {
    /// Side of the blocks that are turned over: small enough for the first-level cache.
    private static let block = 64

    private let tile: GramTile
    private let matrix: HostMatrix
    /// [rows, stride]; valid while `run` is.
    private let source: UnsafeRawPointer
    private let stride: Int
    private let firstColumn: Int

    /// - Parameters:
    ///   - source: [tile rows, `stride`] of the matrix's precision.
    ///   - firstColumn: where the tile's first column stands in a row of `source`.
    init(_ tile: GramTile, to matrix: HostMatrix, from source: UnsafeRawPointer, stride: Int, firstColumn: Int) {
        self.tile = tile
        self.matrix = matrix
        self.source = source
        self.stride = stride
        self.firstColumn = firstColumn
    }

    func run(threads: Int) {
        switch matrix.precision {
        case .float32: run(threads, as: Float.self)
        case .float64: run(threads, as: Double.self)
        }
    }

    private func run<T: Real>(_ threads: Int, as type: T.Type) {
        let rows = tile.rowRange.count
        // Bands of rows; those of a triangle grow, so there are several for each thread.
        let band = max(Self.block, (rows + 8 * threads - 1) / (8 * threads) / Self.block * Self.block)
        let count = (rows + band - 1) / band
        if threads == 1 || count == 1 {
            for index in 0..<count { copy(index * band..<min((index + 1) * band, rows), as: type) }
        } else {
            DispatchQueue.concurrentPerform(iterations: count) { index in
                copy(index * band..<min((index + 1) * band, rows), as: type)
            }
        }
    }

    /// Copies rows of the tile, counted from its first one.
    private func copy<T: Real>(_ rows: Range<Int>, as type: T.Type) {
        let total = matrix.columns
        let from = source.assumingMemoryBound(to: T.self) + firstColumn
        let to = matrix.base.assumingMemoryBound(to: T.self)
        let (i, j) = (tile.rowRange.lowerBound, tile.columnRange.lowerBound)
        let isTriangular = tile.isSymmetric && tile.rowRange == tile.columnRange
        for row in rows {
            let width = isTriangular ? row + 1 : tile.columnRange.count
            (to + (i + row) * total + j).update(from: from + row * stride, count: width)
        }
        guard tile.isSymmetric else { return }
        let width = tile.columnRange.count
        for top in Swift.stride(from: rows.lowerBound, to: rows.upperBound, by: Self.block) {
            let bottom = min(top + Self.block, rows.upperBound)
            // Below the diagonal only: the rest of a triangle is not computed.
            for column in 0..<(isTriangular ? bottom : width) {
                let target = to + (j + column) * total + i
                for row in (isTriangular ? max(top, column) : top)..<bottom {
                    target[row] = from[row * stride + column]
                }
            }
        }
    }
}

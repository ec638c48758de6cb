import Compute

@testable import Inference

/// The tiles of a matrix that is in memory after all.
struct MemoryTiles: SymmetricTiles {
    let matrix: HostMatrix
    let tile: Int

    var n: Int { matrix.rows }

    func read(_ i: Int, _ j: Int) throws(InferenceError) -> HostMatrix {
        let (rows, columns) = (range(i), range(j))
        let target: HostMatrix
        do throws(ComputeError) {
            target = try HostMatrix(rows: rows.count, columns: columns.count, precision: matrix.precision)
        } catch { throw .outOfMemory(error) }
        let size = matrix.precision.byteCount
        for (place, row) in rows.enumerated() {
            (target.base + place * columns.count * size).copyMemory(
                from: matrix.base + (row * matrix.columns + columns.lowerBound) * size,
                byteCount: columns.count * size)
        }
        return target
    }
}

import Compute
import Inference
import Storage

/// A Gram matrix in a tile store, as solvers read it.
package struct StoredGram: SymmetricTiles {
    package let matrix: ZarrMatrix

    package init(matrix: ZarrMatrix) { self.matrix = matrix }

    package var n: Int { matrix.rows }
    package var tile: Int { matrix.tile }

    package func read(_ i: Int, _ j: Int) throws(InferenceError) -> HostMatrix {
        let target: HostMatrix
        do throws(ComputeError) {
            target = try HostMatrix(
                rows: matrix.rowRange(i).count, columns: matrix.columnRange(j).count, precision: matrix.precision)
        } catch { throw .outOfMemory(error) }
        do throws(StorageError) { try matrix.read(i, j, into: target, row: 0, column: 0) } catch {
            throw .storage(error)
        }
        return target
    }
}

import CScaLAPACK
import Compute
import Storage

/// The lower triangle of a symmetric matrix in float64, spread over the ranks in blocks.
struct DistributedMatrix {
    let n: Int
    let grid: ProcessGrid
    /// This rank's part, column by column.
    private(set) var local: [Double]
    let size: (rows: Int, columns: Int)

    /// Reads a matrix from its tiles; each rank reads those of which it holds a part.
    /// - Parameters:
    ///   - ridge: added to the diagonal.
    ///   - copies: local matrices that one workspace of what is to be done will hold.
    /// - Throws: ``MPIError`` where ScaLAPACK could not count them, ``StorageError`` of a tile that is missing or damaged.
    /// - Complexity: n² / 2 numbers are read by each rank, n² / ranks doubles are kept.
    init(_ matrix: ZarrMatrix, ridge: Double, copies: Int, on grid: ProcessGrid) throws {
        n = matrix.rows
        try grid.requireCountable(n, copies: copies)
        self.grid = grid
        size = grid.local(n, n)
        local = [Double](repeating: 0, count: max(1, size.rows * size.columns))
        let tile = try HostMatrix(rows: matrix.tile, columns: matrix.tile, precision: matrix.precision)
        let rows = Self.groups((0..<size.rows).map { grid.globalRow($0) }, matrix.tile)
        let columns = Self.groups((0..<size.columns).map { grid.globalColumn($0) }, matrix.tile)
        for (j, mine) in columns {
            for (i, others) in rows where i >= j {
                try matrix.read(i, j, into: tile, row: 0, column: 0)
                switch matrix.precision {
                case .float32: copy(tile, as: Float.self, others, mine, i * matrix.tile, j * matrix.tile)
                case .float64: copy(tile, as: Double.self, others, mine, i * matrix.tile, j * matrix.tile)
                }
            }
        }
        for column in 0..<size.columns {
            for row in 0..<size.rows where grid.globalRow(row) == grid.globalColumn(column) {
                local[column * size.rows + row] += ridge
            }
        }
    }

    /// Local indices by the tile that their global ones lie in.
    private static func groups(_ indices: [Int], _ tile: Int) -> [(tile: Int, local: Range<Int>)] {
        var groups: [(Int, Range<Int>)] = []
        for (place, index) in indices.enumerated() {
            if let last = groups.last, last.0 == index / tile {
                groups[groups.count - 1].1 = last.1.lowerBound..<place + 1
            } else {
                groups.append((index / tile, place..<place + 1))
            }
        }
        return groups
    }

    private mutating func copy<T: Real>(
        _ tile: HostMatrix, as type: T.Type, _ rows: Range<Int>, _ columns: Range<Int>, _ firstRow: Int,
        _ firstColumn: Int
    ) {
        tile.withElements(as: T.self) { source in
            for column in columns {
                let j = grid.globalColumn(column) - firstColumn
                for row in rows {
                    local[column * size.rows + row] = Double(
                        source[(grid.globalRow(row) - firstRow) * tile.columns + j])
                }
            }
        }
    }

    /// (Θ + λI)⁻¹ Y by a distributed Cholesky factorisation, which takes the place of the matrix.
    /// - Parameter targets: Y, [n, k], the same on all ranks.
    /// - Returns: [n, k], on all ranks.
    /// - Complexity: n³ / 3 flops among all ranks.
    mutating func solve(_ targets: Tensor<Double>, _ world: MPIWorld) throws -> Tensor<Double> {
        let k = targets.stride
        var (size32, k32, one, info) = (Int32(n), Int32(k), Int32(1), Int32(0))
        let descriptor = try grid.descriptor(n, n)
        pdpotrf_("L", &size32, &local, &one, &one, descriptor, &info)
        guard info == 0 else {
            throw MPIError(
                info > 0
                    ? "Cholesky stopped at row \(info) of \(n): Θ + λI is not positive definite; raise "
                        + "inference.diag_reg" : "pdpotrf refused argument \(-info)")
        }
        // All columns of Y are one block, so they stand on the first column of the grid.
        let part = grid.local(n, k, width: k)
        var b = [Double](repeating: 0, count: max(1, part.rows * part.columns))
        for column in 0..<part.columns {
            for row in 0..<part.rows {
                b[column * part.rows + row] = targets.elements[grid.globalRow(row) * k + column]
            }
        }
        pdpotrs_(
            "L", &size32, &k32, local, &one, &one, descriptor, &b, &one, &one, try grid.descriptor(n, k, width: k),
            &info)
        guard info == 0 else { throw MPIError("pdpotrs refused argument \(-info)") }
        var solution = Tensor<Double>(shape: [n, k], repeating: 0)
        for column in 0..<part.columns {
            for row in 0..<part.rows {
                solution.elements[grid.globalRow(row) * k + column] = b[column * part.rows + row]
            }
        }
        try world.sum(&solution.elements, count: n * k)
        return solution
    }

    /// All eigenvalues, and the vectors of the largest ones; the matrix is used up.
    /// - Parameter count: vectors that are wanted.
    /// - Returns: eigenvalues descending, [n], and vectors [count, n], on all ranks.
    /// - Complexity: about 9 n³ flops among all ranks, 4 n² / ranks doubles each.
    mutating func eigenpairs(_ count: Int, _ world: MPIWorld) throws -> (values: [Double], vectors: Tensor<Double>) {
        var (size32, one, info) = (Int32(n), Int32(1), Int32(0))
        let descriptor = try grid.descriptor(n, n)
        var values = [Double](repeating: 0, count: n)
        var z = [Double](repeating: 0, count: local.count)
        var (work, integers) = ([0.0], [Int32(0)])
        var (query, integerQuery) = (Int32(-1), Int32(-1))
        pdsyevd_(
            "V", "L", &size32, &local, &one, &one, descriptor, &values, &z, &one, &one, descriptor, &work, &query,
            &integers, &integerQuery, &info)
        guard info == 0, work[0] > 0, work[0] < Double(Int32.max) else {
            throw MPIError("pdsyevd asks for \(work[0]) numbers of workspace for \(n) rows; use more ranks")
        }
        // The routine's own reckoning has been known to fall short by a few blocks.
        let room = min(Int(work[0]) + 64 * grid.block * grid.block, Int(Int32.max))
        (query, integerQuery) = (Int32(room), max(integers[0], Int32(7 * n + 8 * grid.columns + 2)))
        work = [Double](repeating: 0, count: room)
        integers = [Int32](repeating: 0, count: Int(integerQuery))
        pdsyevd_(
            "V", "L", &size32, &local, &one, &one, descriptor, &values, &z, &one, &one, descriptor, &work, &query,
            &integers, &integerQuery, &info)
        guard info == 0 else { throw MPIError("pdsyevd of a \(n) × \(n) matrix returned \(info)") }
        var vectors = Tensor<Double>(shape: [count, n], repeating: 0)
        for column in 0..<size.columns {
            let index = n - 1 - grid.globalColumn(column)
            guard index < count else { continue }
            for row in 0..<size.rows {
                vectors.elements[index * n + grid.globalRow(row)] = z[column * size.rows + row]
            }
        }
        try world.sum(&vectors.elements, count: count * n)
        return (values.reversed(), vectors)
    }
}

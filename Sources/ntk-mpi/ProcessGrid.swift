import CScaLAPACK

/// The ranks as a rectangle, as ScaLAPACK wants them, and the block-cyclic layout of matrices on it.
final class ProcessGrid {
    let rows: Int
    let columns: Int
    /// Place of this rank.
    let row: Int
    let column: Int
    /// Rows and columns of a block.
    let block: Int
    private let context: Int32

    /// The rectangle nearest to a square.
    init(ranks: Int, block: Int) {
        self.block = block
        rows = (1...ranks).last { $0 * $0 <= ranks && ranks % $0 == 0 } ?? 1
        columns = ranks / rows
        var handle: Int32 = 0
        Cblacs_get(-1, 0, &handle)
        Cblacs_gridinit(&handle, "Row", Int32(rows), Int32(columns))
        var (r, c, i, j): (Int32, Int32, Int32, Int32) = (0, 0, 0, 0)
        Cblacs_gridinfo(handle, &r, &c, &i, &j)
        context = handle
        (row, column) = (Int(i), Int(j))
    }

    deinit { Cblacs_gridexit(context) }

    /// Rows and columns of an m × n matrix that this rank holds.
    /// - Parameter width: columns of a block, where they are not those of the grid.
    func local(_ m: Int, _ n: Int, width: Int? = nil) -> (rows: Int, columns: Int) {
        func count(_ n: Int, _ block: Int, _ place: Int, _ places: Int) -> Int {
            var (n, block, place, source, places) = (Int32(n), Int32(block), Int32(place), Int32(0), Int32(places))
            return Int(numroc_(&n, &block, &place, &source, &places))
        }
        return (count(m, block, row, rows), count(n, width ?? block, column, columns))
    }

    func descriptor(_ m: Int, _ n: Int, width: Int? = nil) throws -> [Int32] {
        var descriptor = [Int32](repeating: 0, count: 9)
        var (m32, n32, mb, nb, zero) = (Int32(m), Int32(n), Int32(block), Int32(width ?? block), Int32(0))
        var (context, leading, info) = (context, Int32(max(1, local(m, n, width: width).rows)), Int32(0))
        descinit_(&descriptor, &m32, &n32, &mb, &nb, &zero, &zero, &context, &leading, &info)
        guard info == 0 else { throw MPIError("descinit refused argument \(-info) for a matrix of \(m) × \(n)") }
        return descriptor
    }

    /// Index in the whole matrix of a local row.
    func globalRow(_ local: Int) -> Int { (local / block * rows + row) * block + local % block }

    /// Index in the whole matrix of a local column.
    func globalColumn(_ local: Int) -> Int { (local / block * columns + column) * block + local % block }

    /// Refuses a matrix whose local parts ScaLAPACK, which counts with 32 bits, could not count.
    /// - Parameter copies: local matrices of one workspace.
    func requireCountable(_ n: Int, copies: Int) throws {
        // The first rank holds the most.
        let blocks = (n + block - 1) / block
        let most = ((blocks + rows - 1) / rows) * block * ((blocks + columns - 1) / columns) * block
        guard most * copies < 1 << 31 else {
            throw MPIError(
                "a matrix of \(n) rows leaves each of \(rows * columns) ranks \(most) numbers, and \(copies) times as many "
                    + "do not fit the 32-bit counts of ScaLAPACK; use more ranks")
        }
    }
}

import Compute
import Scheduling

/// The tiles of a symmetric Gram matrix one at a time, for matrices that are never in memory as a whole and for shards
/// of one.
///
/// A tile has the same bits as in ``GramAssembly/symmetric(_:_:keeper:observer:)``.
package struct GramTiles: Sendable {
    private let assembly: GramAssembly
    private let inputs: Tensor<Double>
    private let kinds: Set<CovarianceKind>

    /// - Parameters:
    ///   - inputs: X, [n, …].
    ///   - kinds: covariances that are wanted of each tile.
    package init(_ assembly: GramAssembly, _ inputs: Tensor<Double>, _ kinds: Set<CovarianceKind>) {
        self.assembly = assembly
        self.inputs = inputs
        self.kinds = kinds
    }

    /// A tile that has just been computed: its entries stand in `matrices` from (`row`, `column`) on.
    package struct Delivery {
        package let tile: Tile
        package let matrices: [CovarianceKind: HostMatrix]
        package let row: Int
        package let column: Int

        package init(tile: Tile, matrices: [CovarianceKind: HostMatrix], row: Int, column: Int) {
            self.tile = tile
            self.matrices = matrices
            self.row = row
            self.column = column
        }
    }

    /// Computes the tiles of a plan on all devices.
    /// - Parameters:
    ///   - plan: of the lower triangle, or a part of it.
    ///   - deliver: takes a tile, on the thread of the device that made it. What it throws counts as the tile's failure.
    /// - Complexity: the pairs of the plan; on each device the prepared inputs, on the host one tile per device.
    @discardableResult
    package func compute(
        _ plan: TilePlan, observer: GramAssembly.Observer = { _, _ in },
        deliver: @escaping @Sendable (Delivery) throws -> Void
    ) async throws -> SchedulingProgress {
        precondition(plan.rows == inputs.count && plan.columns == inputs.count, "a plan of another matrix")
        let workers = assembly.backends.map { backend in
            let blocks = PreparedBlocks(assembly, inputs, backend)
            return TileWorker(name: backend.device.name) { tile in try deliver(try delivery(tile, blocks)) }
        }
        return try await Scheduler(workers: workers).run(plan, onEvent: observer)
    }

    private func delivery(_ tile: Tile, _ blocks: PreparedBlocks) throws -> Delivery {
        let (rowBlock, columnBlock) = (blocks.block(tile.rows), blocks.block(tile.columns))
        let rows = try blocks[rowBlock]
        let columns = try blocks[columnBlock]
        var matrices: [CovarianceKind: HostMatrix] = [:]
        for kind in kinds {
            matrices[kind] = try HostMatrix(
                rows: rowBlock.count, columns: columnBlock.count, precision: assembly.precision)
        }
        let (row, column) = (
            tile.rows.lowerBound - rowBlock.lowerBound, tile.columns.lowerBound - columnBlock.lowerBound
        )
        try blocks.backend.gram(
            GramTile(
                rows: rows, row..<row + tile.rows.count, columns: columns, column..<column + tile.columns.count,
                nngp: matrices[.nngp], ntk: matrices[.ntk]))
        return Delivery(tile: tile, matrices: matrices, row: row, column: column)
    }
}

/// Inputs on one device, a block of rows at a time, prepared when they are first needed. Used by one thread at a time.
private final class PreparedBlocks: @unchecked Sendable {
    /// Blocks begin at its multiples. Backends cut their products at fixed places, so that a number comes out of the same
    /// product in every tiling; this is a multiple of all of them.
    private static let alignment = 512

    let backend: any Backend
    private let assembly: GramAssembly
    private let inputs: Tensor<Double>
    private var known: [Range<Int>: CovarianceInputs] = [:]

    init(_ assembly: GramAssembly, _ inputs: Tensor<Double>, _ backend: any Backend) {
        self.assembly = assembly
        self.inputs = inputs
        self.backend = backend
    }

    /// The block that holds some rows.
    func block(_ rows: Range<Int>) -> Range<Int> {
        let size = Self.alignment
        return rows.lowerBound / size * size..<min((rows.upperBound + size - 1) / size * size, inputs.count)
    }

    subscript(block: Range<Int>) -> CovarianceInputs {
        get throws {
            if let inputs = known[block] { return inputs }
            let prepared = try backend.prepare(assembly.program, inputs: inputs[block], assembly.precision)
            known[block] = prepared
            return prepared
        }
    }
}

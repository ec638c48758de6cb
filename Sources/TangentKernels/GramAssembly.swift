import Compute
import Scheduling
import Synchronization

/// Gram matrices of one covariance program, cut into tiles that several devices compute at once.
package struct GramAssembly: Sendable {
    package let program: CovarianceProgram
    package let precision: Precision
    package let backends: [any Backend]
    /// Rows and columns of a tile; nil for what suits the devices.
    package let tile: Int?

    package init(
        program: CovarianceProgram, precision: Precision, backends: [any Backend], tile: Int? = nil
    ) {
        self.program = program
        self.precision = precision
        self.backends = backends
        self.tile = tile
    }

    /// One matrix per wanted covariance.
    package struct Result: Sendable {
        /// [rows, columns].
        package let matrices: [CovarianceKind: HostMatrix]
        /// Tiles, pairs and seconds, per device.
        package let progress: SchedulingProgress
    }

    package typealias Observer = @Sendable (SchedulingEvent, SchedulingProgress) -> Void

    /// K(X, X): the lower triangle is computed, the diagonal exactly, the rest mirrored.
    /// - Parameters:
    ///   - inputs: [n, …], `program.input.count` numbers each.
    ///   - keeper: where tiles are kept; those that are there already are not computed again.
    /// - Complexity: n(n + 1)/2 pairs; n² numbers per covariance on the host, the prepared inputs on each device.
    package func symmetric(
        _ inputs: Tensor<Double>, _ kinds: Set<CovarianceKind>, keeper: (any TileKeeper)? = nil,
        observer: Observer = { _, _ in }
    ) async throws -> Result {
        let plan = TilePlan.lowerTriangle(count: inputs.count, tile: keeper?.tile ?? tileSize)
        let matrices = try matrices(plan, kinds)
        let missing = try keeper.map { plan.excluding(try $0.restore(plan, into: matrices)) } ?? plan
        return try await run(missing, matrices, rows: inputs, columns: nil, keeper, observer)
    }

    /// K(Z, X).
    /// - Parameters:
    ///   - rows: Z, [m, …].
    ///   - columns: X, [n, …].
    package func rectangular(
        _ rows: Tensor<Double>, _ columns: Tensor<Double>, _ kinds: Set<CovarianceKind>,
        observer: Observer = { _, _ in }
    ) async throws -> Result {
        let plan = TilePlan.rectangle(rows: rows.count, columns: columns.count, tile: tileSize)
        return try await run(
            plan, try matrices(plan, kinds), rows: rows, columns: columns, nil, observer)
    }

    /// Rows in whose steps devices share a tile: whole strips of every kernel's.
    private static let grain = 64

    /// Rows and columns of the tiles. A tile takes seconds at most, so that devices share the work and progress moves.
    package var tileSize: Int {
        let suited = backends.map(\.device.tile).min() ?? 1024
        return switch program.geometry {
        case .scalar: tile ?? suited
        case .diagonal: tile ?? min(suited, 512)
        case .full: tile ?? min(suited, 64)
        }
    }

    private func matrices(
        _ plan: TilePlan, _ kinds: Set<CovarianceKind>
    ) throws(ComputeError) -> [CovarianceKind: HostMatrix] {
        var matrices: [CovarianceKind: HostMatrix] = [:]
        for kind in kinds {
            matrices[kind] = try HostMatrix(rows: plan.rows, columns: plan.columns, precision: precision)
        }
        return matrices
    }

    /// - Parameter columns: nil for the rows.
    private func run(
        _ plan: TilePlan, _ matrices: [CovarianceKind: HostMatrix], rows: Tensor<Double>, columns: Tensor<Double>?,
        _ keeper: (any TileKeeper)?, _ observer: Observer
    ) async throws -> Result {
        let workers = backends.map { backend in
            let sides = PreparedSides(rows: rows, columns: columns)
            return TileWorker(name: backend.device.name) { tile in
                let prepared = try sides.prepared(program, precision, on: backend)
                try backend.gram(
                    GramTile(
                        rows: prepared.rows, tile.rows, columns: prepared.columns, tile.columns,
                        nngp: matrices[.nngp], ntk: matrices[.ntk]))
            } complete: { tile in
                try keeper?.keep(tile, of: matrices)
            }
        }
        let progress = try await Scheduler(workers: workers, grain: Self.grain).run(plan, onEvent: observer)
        return Result(matrices: matrices, progress: progress)
    }
}

/// The inputs of one device's tiles: sent and prepared there on the device's own thread with its first tile, so that
/// devices do it at the same time, and one that cannot is one that fails a tile.
private final class PreparedSides: Sendable {
    typealias Sides = (rows: CovarianceInputs, columns: CovarianceInputs)

    private let rows: Tensor<Double>
    /// nil for the rows.
    private let columns: Tensor<Double>?
    private let sides = Mutex<Sides?>(nil)

    init(rows: Tensor<Double>, columns: Tensor<Double>?) {
        self.rows = rows
        self.columns = columns
    }

    func prepared(
        _ program: CovarianceProgram, _ precision: Precision, on backend: any Backend
    ) throws(ComputeError) -> Sides {
        try sides.withLock { sides throws(ComputeError) in
            if let sides { return sides }
            let first = try backend.prepare(program, inputs: rows, precision)
            let second = try columns.map { columns throws(ComputeError) in
                try backend.prepare(program, inputs: columns, precision)
            }
            sides = (first, second ?? first)
            return (first, second ?? first)
        }
    }
}

extension Backend {
    /// Sends inputs to the device and prepares them.
    /// - Parameter inputs: [count, …], `program.input.count` numbers each.
    package func prepare(
        _ program: CovarianceProgram, inputs: Tensor<Double>, _ precision: Precision
    ) throws(ComputeError) -> CovarianceInputs {
        precondition(
            inputs.stride == program.input.count,
            "inputs of \(inputs.stride) numbers for a program of \(program.input.count)")
        return try prepare(program, inputs: try upload(inputs.elements, as: precision), count: inputs.count)
    }
}

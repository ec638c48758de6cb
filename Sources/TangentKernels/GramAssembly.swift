import Compute
import Scheduling

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
        let prepared = missing.tiles.isEmpty ? [] : try backends.map { try prepare(inputs, on: $0) }
        return try await run(missing, matrices, rows: prepared, columns: prepared, keeper, observer)
    }

    /// K(Z, X).
    /// - Parameters:
    ///   - rows: Z, [m, …].
    ///   - columns: X, [n, …].
    package func rectangular(
        _ rows: Tensor<Double>, _ columns: Tensor<Double>, _ kinds: Set<CovarianceKind>,
        observer: Observer = { _, _ in }
    ) async throws -> Result {
        let preparedRows = try backends.map { try prepare(rows, on: $0) }
        let preparedColumns = try backends.map { try prepare(columns, on: $0) }
        let plan = TilePlan.rectangle(rows: rows.count, columns: columns.count, tile: tileSize)
        return try await run(
            plan, try matrices(plan, kinds), rows: preparedRows, columns: preparedColumns, nil, observer)
    }

    /// Rows and columns of the tiles. A tile takes seconds at most, so that devices share the work and progress moves.
    package var tileSize: Int {
        let suited = backends.map(\.device.tile).min() ?? 1024
        return switch program.geometry {
        case .scalar: tile ?? suited
        case .diagonal: tile ?? min(suited, 512)
        case .full: tile ?? min(suited, 64)
        }
    }

    private func prepare(_ inputs: Tensor<Double>, on backend: any Backend) throws -> CovarianceInputs {
        try backend.prepare(program, inputs: inputs, precision)
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

    private func run(
        _ plan: TilePlan, _ matrices: [CovarianceKind: HostMatrix], rows: [CovarianceInputs],
        columns: [CovarianceInputs], _ keeper: (any TileKeeper)?, _ observer: Observer
    ) async throws -> Result {
        let workers = zip(backends, zip(rows, columns)).map { backend, inputs in
            TileWorker(name: backend.device.name) { tile in
                try backend.gram(
                    GramTile(
                        rows: inputs.0, tile.rows, columns: inputs.1, tile.columns, nngp: matrices[.nngp],
                        ntk: matrices[.ntk]))
                try keeper?.keep(tile, of: matrices)
            }
        }
        let progress = try await Scheduler(workers: workers).run(plan, onEvent: observer)
        return Result(matrices: matrices, progress: progress)
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

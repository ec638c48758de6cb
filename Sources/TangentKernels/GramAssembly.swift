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
    /// - Parameter inputs: [n, …], `program.input.count` numbers each.
    /// - Complexity: n(n + 1)/2 pairs; n² numbers per covariance on the host, the prepared inputs on each device.
    package func symmetric(
        _ inputs: Tensor<Double>, _ kinds: Set<CovarianceKind>, observer: Observer = { _, _ in }
    ) async throws -> Result {
        let prepared = try backends.map { try prepare(inputs, on: $0) }
        let plan = TilePlan.lowerTriangle(count: inputs.count, tile: tileSize)
        return try await run(plan, kinds, rows: prepared, columns: prepared, observer)
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
        return try await run(plan, kinds, rows: preparedRows, columns: preparedColumns, observer)
    }

    /// A tile takes seconds at most, so that devices share the work and progress moves.
    private var tileSize: Int {
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

    private func run(
        _ plan: TilePlan, _ kinds: Set<CovarianceKind>, rows: [CovarianceInputs], columns: [CovarianceInputs],
        _ observer: Observer
    ) async throws -> Result {
        var matrices: [CovarianceKind: HostMatrix] = [:]
        for kind in kinds {
            matrices[kind] = try HostMatrix(rows: plan.rows, columns: plan.columns, precision: precision)
        }
        let targets = matrices
        let workers = backends.indices.map { index in
            TileWorker(name: backends[index].device.name) { [backend = backends[index]] tile in
                try backend.gram(
                    GramTile(
                        rows: rows[index], tile.rows, columns: columns[index], tile.columns,
                        nngp: targets[.nngp], ntk: targets[.ntk]))
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

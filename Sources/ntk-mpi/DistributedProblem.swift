import Compute
import Datasets
import Experiments
import Foundation
import Inference
import Machine
import Storage
import TangentKernels

/// The equations of one run, as all ranks see them.
struct DistributedProblem {
    /// What a solve leaves.
    struct Solution {
        /// α, [n, k].
        let weights: Tensor<Double>
        /// The largest ‖Y − T α‖ / ‖Y‖ of a column.
        let residual: Double
        let iterations: Int?
    }

    let n: Int
    private let configuration: Configuration
    private let dataset: Dataset
    private let folder: RunFolder
    private let world: MPIWorld
    private let block: Int

    init(_ folder: RunFolder, _ world: MPIWorld, block: Int) throws {
        self.folder = folder
        self.world = world
        self.block = block
        configuration = try folder.configuration()
        dataset = try Dataset.load(configuration.data.request)
        n = dataset.trainInputs.count
    }

    /// What is to be solved: every ridge, fully trained.
    /// - Throws: ``MPIError`` where the run asks for finite times only.
    func settings() throws -> [TrainingSetting] {
        let settings = configuration.settings.filter { $0.time.isInfinite }
        guard !settings.isEmpty else {
            throw MPIError("inference.time of \(folder.path) is finite, and weights are solved for time inf only")
        }
        return settings
    }

    /// Puts the weights into the run's folder, from where `ntk run` takes them.
    func write(
        _ found: Solution, _ setting: TrainingSetting, _ solver: KernelRegression.Solver,
        since start: ContinuousClock.Instant, _ version: BuildVersion
    ) throws {
        let solution = KernelRegression.Solution(
            time: setting.time, solver: solver, seconds: (ContinuousClock.now - start) / .seconds(1),
            iterations: found.iterations, residual: found.residual)
        try GivenWeights(folder, configuration, dataset, version).write(found.weights, solution, setting)
    }

    func cholesky(_ setting: TrainingSetting) throws -> Solution {
        let tiles = try gram()
        let options = configuration.inference.options(diagReg: setting.diagReg)
        let regression = try TiledRegression(
            StoredGram(matrix: tiles), targets: dataset.trainTargets, options: options, on: [], memory: 0)
        var matrix = try DistributedMatrix(
            tiles, ridge: regression.ridge, copies: 1, on: ProcessGrid(ranks: world.size, block: block))
        let weights = try matrix.solve(dataset.trainTargets, world)
        return Solution(weights: weights, residual: try regression.residual(of: weights), iterations: nil)
    }

    func eigenpairs(_ count: Int) throws -> (values: [Double], vectors: Tensor<Double>) {
        // Divide and conquer works on two more matrices at a time.
        var matrix = try DistributedMatrix(
            try gram(), ridge: 0, copies: 3, on: ProcessGrid(ranks: world.size, block: block))
        return try matrix.eigenpairs(count, world)
    }

    /// - Parameter tolerance: nil for what the precision of the entries allows: rows that different devices make are
    ///   symmetric only to rounding.
    func conjugateGradients(_ setting: TrainingSetting, _ tolerance: Double?) throws -> Solution {
        let precision = configuration.compute.precision
        let rows = try DistributedRows(
            configuration.kernel.type, try configuration.program(inputShape: dataset.inputShape), dataset.trainInputs,
            precision, on: try backend(), world)
        let ridge = configuration.inference.options(diagReg: setting.diagReg).ridge(diagonal: try rows.diagonal())
        var method = ConjugateGradients()
        method.tolerance = tolerance ?? (precision == .float64 ? 1e-10 : 1e-5)
        method.preconditioner = try NystromPreconditioner(
            rows, rank: NystromPreconditioner.rank(n, memory: configuration.compute.memoryLimit ?? 4 << 30))
        let found = try method.solve(rows, ridge: ridge, diagReg: setting.diagReg, targets: dataset.trainTargets)
        return Solution(weights: found.weights, residual: found.residual, iterations: found.iterations)
    }

    private func gram() throws -> ZarrMatrix {
        let kind = configuration.kernel.type.rawValue
        guard let store = try TileStore.open(path: folder.gramStore()), let matrix = try store.matrix(kind) else {
            throw MPIError(
                "\(folder.gramStore()) has no tiles of \(kind); compute them with ntk worker \(folder.path), or ntk run with "
                    + "compute.store=always")
        }
        return matrix
    }

    /// This rank's device: the ranks of one machine take its devices in turn, or share its cores.
    private func backend() throws -> any Backend {
        let environment = ProcessInfo.processInfo.environment
        let place = environment["OMPI_COMM_WORLD_LOCAL_RANK"].flatMap { Int($0) } ?? 0
        let neighbours = environment["OMPI_COMM_WORLD_LOCAL_SIZE"].flatMap { Int($0) } ?? 1
        return try Backends().share(place, of: neighbours, configuration)
    }
}

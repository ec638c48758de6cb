import Compute
import Datasets
import Inference
import Scheduling
import TangentKernels

/// Where the training Gram matrix of a run lives and how its equations are solved: decided from sizes alone, before
/// anything is computed.
package struct SolvePlan: Sendable {
    /// Sizes of a run.
    package struct Sizes: Sendable {
        /// n, training points.
        package var points: Int
        /// m, test points.
        package var testPoints: Int
        /// d, numbers of an input.
        package var dimension: Int
        /// k.
        package var outputs: Int

        package init(points: Int, testPoints: Int, dimension: Int, outputs: Int) {
            self.points = points
            self.testPoints = testPoints
            self.dimension = dimension
            self.outputs = outputs
        }
    }

    let sizes: Sizes
    let memory: MatrixMemory
    /// Rows and columns of a tile on disk.
    let tile: Int
    /// Bytes of tiles that may be kept in memory.
    let tileMemory: Int
    /// For each ridge.
    let costs: [TiledSolverCost]
    let solvers: [KernelRegression.Solver]
    private let ridges: [Double]
    /// Whether a setting, or features, take the limit of time; and whether one stops before.
    private let hasLimit: Bool
    private let hasFiniteTimes: Bool
    private let precision: Precision

    /// Whether the matrices are kept on disk, tile by tile.
    package var isOnDisk: Bool { !memory.isEnough }

    /// - Parameters:
    ///   - geometry: of the net; tiles that hold many pairs of pixels are smaller.
    ///   - devices: that work at a time.
    package init(_ configuration: Configuration, _ sizes: Sizes, geometry: CovarianceProgram.Geometry, devices: Int) {
        self.sizes = sizes
        precision = configuration.compute.precision
        let n = sizes.points
        memory = MatrixMemory(configuration, points: n)
        // The program itself with its libraries and predictions, the inputs in double, and once more on the device as
        // they are prepared there.
        let inputs = (n + sizes.testPoints) * sizes.dimension * (8 + 2 * precision.byteCount)
        let budget = max(memory.limit - (384 << 20) - inputs, memory.limit / 4)
        tile = configuration.compute.tile ?? Self.tile(n, budget: budget, geometry)
        // A device's hands hold seven tiles: the sum, its factor, Θ's, and three buffers with one to come.
        // The search for eigenvalues, which is another time, holds its vectors beside tiles.
        let vectors =
            configuration.features.map { Spectrum.diskMemory($0.wantedEigenvalues(of: n), of: n) } ?? 0
        tileMemory = max(0, budget - max(devices * 7 * 8 * tile * tile, vectors))
        let (tile, tileMemory) = (tile, tileMemory)
        ridges = configuration.inference.diagReg
        let times = configuration.inference.time
        hasLimit = configuration.features != nil || times.contains { $0.isInfinite }
        hasFiniteTimes = times.contains { $0.isFinite }
        costs = ridges.map { diagReg in
            TiledSolverCost(
                n, outputs: sizes.outputs, tile: tile, precision: configuration.compute.precision,
                rank: NystromPreconditioner.rank(n, memory: tileMemory / 2),
                options: configuration.inference.options(diagReg: diagReg))
        }
        // Solvers of fully trained nets; lanczos alone gives finite times.
        let wanted = configuration.inference.solver
        solvers = costs.map { [.auto, .lanczos].contains(wanted) ? $0.best : wanted }
    }

    /// The largest tile of which two rows of tiles, all that one column of a factorisation reads again and again, fit.
    private static func tile(_ n: Int, budget: Int, _ geometry: CovarianceProgram.Geometry) -> Int {
        var tile = geometry == .full ? 256 : 2048
        while tile > 16 && 16 * n * tile + 64 * tile * tile > budget { tile /= 2 }
        return tile
    }
}

extension SolvePlan.Sizes {
    init(_ dataset: Dataset) {
        self.init(
            points: dataset.trainInputs.count, testPoints: dataset.testInputs.count,
            dimension: dataset.trainInputs.stride, outputs: dataset.outputCount)
    }
}

extension SolvePlan: CustomStringConvertible {
    package var description: String {
        let use =
            "\(sizes.points) training points take \(memory.needed.byteSize) of the \(memory.limit.byteSize) that may be "
            + "used"
        guard isOnDisk else { return "in memory: \(use)" }
        if let obstacle = memory.obstacle { return "impossible: \(use), and \(obstacle)" }
        let n = sizes.points
        let tiles = (n + tile - 1) / tile
        let count = tiles * (tiles + 1) / 2
        let gram = count * tile * tile * precision.byteCount
        var lines = ["on disk: \(use); \(count) tiles of \(tile) × \(tile), \(gram.byteSize)"]
        if hasFiniteTimes { lines.append("finite times: lanczos") }
        for (place, solver) in solvers.enumerated() where hasLimit {
            let cost = costs[place]
            let other =
                cost.conjugateGradients.map { "cg at most \(ProgressLine.duration($0))" } ?? "cg without a bound"
            let factor = solver == .cholesky ? ", \((count * tile * tile * 8).byteSize) of factor on disk" : ""
            lines.append(
                "diag_reg \(PlainValue.format(ridges[place])): \(solver.rawValue)\(factor) "
                    + "(reckoned: cholesky \(ProgressLine.duration(cost.cholesky)), \(other))")
        }
        return lines.joined(separator: "\n")
    }
}

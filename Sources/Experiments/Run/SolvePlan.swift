import Compute
import Datasets
import Inference
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
    /// Bytes that the matrices take where they are in memory, and bytes that may be used.
    let needed: Int
    let limit: Int
    /// What the run asks for that needs the matrices in memory; nil where they may be on disk.
    let obstacle: String?
    /// Rows and columns of a tile on disk.
    let tile: Int
    /// Bytes of tiles that may be kept in memory.
    let tileMemory: Int
    /// For each ridge.
    let costs: [TiledSolverCost]
    let solvers: [KernelRegression.Solver]
    private let ridges: [Double]
    private let precision: Precision

    /// Whether the matrices are kept on disk, tile by tile.
    package var isOnDisk: Bool { needed > limit }

    /// - Parameters:
    ///   - geometry: of the net; tiles that hold many pairs of pixels are smaller.
    ///   - devices: that work at a time.
    package init(_ configuration: Configuration, _ sizes: Sizes, geometry: CovarianceProgram.Geometry, devices: Int) {
        self.sizes = sizes
        precision = configuration.compute.precision
        let n = sizes.points
        let kinds = configuration.kinds.count
        needed = n * n * (kinds * precision.byteCount + 8 * configuration.doublesBesideGram(points: n))
        limit = configuration.compute.memoryLimit ?? ProcessMemory.standardLimit
        obstacle = configuration.obstacleToDisk(points: n, limit: limit)
        // The program itself with its libraries and predictions, the inputs in double, and once more on the device as they are prepared there.
        let inputs = (n + sizes.testPoints) * sizes.dimension * (8 + 2 * precision.byteCount)
        let budget = max(limit - (384 << 20) - inputs, limit / 4)
        tile = configuration.compute.tile ?? Self.tile(n, budget: budget, geometry)
        // A device's hands hold seven tiles: the sum, its factor, Θ's, and three buffers with one to come.
        // The search for eigenvalues, which is another time, holds its vectors beside tiles.
        let vectors =
            configuration.features.map { Spectrum.diskMemory($0.wantedEigenvalues(of: n), of: n) } ?? 0
        tileMemory = max(0, budget - max(devices * 7 * 8 * tile * tile, vectors))
        let (tile, tileMemory) = (tile, tileMemory)
        ridges = configuration.inference.diagReg
        costs = ridges.map { diagReg in
            TiledSolverCost(
                n, outputs: sizes.outputs, tile: tile, precision: configuration.compute.precision,
                rank: NystromPreconditioner.rank(n, memory: tileMemory / 2),
                options: configuration.inference.options(diagReg: diagReg))
        }
        solvers = costs.map { configuration.inference.solver == .auto ? $0.best : configuration.inference.solver }
    }

    /// The largest tile of which two rows of tiles, all that one column of a factorisation reads again and again, fit.
    private static func tile(_ n: Int, budget: Int, _ geometry: CovarianceProgram.Geometry) -> Int {
        var tile = geometry == .full ? 256 : 2048
        while tile > 16 && 16 * n * tile + 64 * tile * tile > budget { tile /= 2 }
        return tile
    }

    /// Refuses what cannot be done before hours are spent on it.
    func validate() throws(RunError) {
        guard isOnDisk, let obstacle else { return }
        throw .memory(needed: needed, limit: limit, points: sizes.points, obstacle: obstacle)
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
        let memory =
            "\(sizes.points) training points take \(Self.size(needed)) of the \(Self.size(limit)) that may be used"
        guard isOnDisk else { return "in memory: \(memory)" }
        if let obstacle { return "impossible: \(memory), and \(obstacle)" }
        let n = sizes.points
        let tiles = (n + tile - 1) / tile
        let count = tiles * (tiles + 1) / 2
        let gram = count * tile * tile * precision.byteCount
        var lines = ["on disk: \(memory); \(count) tiles of \(tile) × \(tile), \(Self.size(gram))"]
        for (place, solver) in solvers.enumerated() {
            let cost = costs[place]
            let other = cost.conjugateGradients.map { "cg at most \(Self.duration($0))" } ?? "cg without a bound"
            let factor = solver == .cholesky ? ", \(Self.size(count * tile * tile * 8)) of factor on disk" : ""
            lines.append(
                "diag_reg \(PlainValue.format(ridges[place])): \(solver.rawValue)\(factor) "
                    + "(reckoned: cholesky \(Self.duration(cost.cholesky)), \(other))")
        }
        return lines.joined(separator: "\n")
    }

    fileprivate static func size(_ bytes: Int) -> String {
        bytes < 10 << 20 ? "\(bytes >> 10) KiB" : bytes < 10 << 30 ? "\(bytes >> 20) MiB" : "\(bytes >> 30) GiB"
    }

    private static func duration(_ seconds: Double) -> String {
        switch seconds {
        case ..<1: "1 s"
        case ..<120: "\(Int(seconds.rounded())) s"
        case ..<7200: "\(Int((seconds / 60).rounded())) min"
        default: "\(Int((seconds / 3600).rounded())) h"
        }
    }
}

extension Configuration {
    /// Covariances that the run needs of the training points: the predicting one, both where they are exported.
    var kinds: Set<CovarianceKind> { save.contains(.kernels) ? Set(CovarianceKind.allCases) : [kernel.type] }

    /// How many eigenvalues the run needs of the Gram matrix of `model`: all n for finite times; nil for none.
    func wantedEigenvalues(of n: Int) -> Int? {
        if inference.solver == .eigh || inference.time.contains(where: { $0.isFinite }) { return n }
        return features?.wantedEigenvalues(of: n)
    }

    /// n × n doubles beside the Gram matrix: the decomposition's, the search's for the largest eigenvalues with its
    /// copies on devices, or those of a factorisation.
    fileprivate func doublesBesideGram(points n: Int) -> Int {
        wantedEigenvalues(of: n).map { Spectrum.isPartialBetter($0, of: n) ? 2 : 3 } ?? 1
    }

    fileprivate func obstacleToDisk(points n: Int, limit: Int) -> String? {
        if compute.store == .never { return "compute.store: never keeps them from the disk" }
        if inference.solver == .eigh || inference.time.contains(where: { $0.isFinite }) {
            return "all eigenvalues, for inference.solver: eigh or a finite inference.time, are found in memory only"
        }
        if transfer != nil { return "transfer solves the equations of every net in memory" }
        guard let count = features?.wantedEigenvalues(of: n) else { return nil }
        if !Spectrum.isFoundOnDisk(count, of: n) {
            return "\(count) of \(n) eigenvalues, which features ask for, are found in memory only"
        }
        let vectors = Spectrum.diskMemory(count, of: n)
        return vectors <= limit
            ? nil : "the search for \(count) eigenvalues needs \(SolvePlan.size(vectors)) for its vectors"
    }
}

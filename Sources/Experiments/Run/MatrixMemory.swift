import Compute
import Inference
import TangentKernels

/// The n × n matrices that the stages of a run hold in memory at a time, where they are in memory at all: decided from
/// sizes alone, before anything is computed.
package struct MatrixMemory: Sendable {
    /// Bytes of the stage that holds the most, and bytes that may be used.
    let needed: Int
    let limit: Int
    /// n, training points.
    let points: Int
    /// What the run asks for that needs the matrices in memory; nil where they may be on disk.
    let obstacle: String?

    var isEnough: Bool { needed <= limit }

    /// - Parameter points: n.
    package init(_ configuration: Configuration, points: Int) {
        self.points = points
        limit = configuration.compute.memoryLimit ?? ProcessMemory.standardLimit
        obstacle = configuration.obstacleToDisk(points: points, limit: limit)
        let stages = StageMatrices(configuration: configuration, points: points)
        needed = max(stages.comparison, stages.model, stages.features, stages.transfer)
    }

    /// Refuses what cannot be done before hours are spent on it.
    /// - Throws: `RunError.memory`.
    func validate() throws(RunError) {
        guard !isEnough, let obstacle else { return }
        throw .memory(needed: needed, limit: limit, points: points, obstacle: obstacle)
    }
}

/// Bytes of the matrices of each stage. A stage that comes to hold another one says so here.
private struct StageMatrices {
    let configuration: Configuration
    let points: Int

    private var entry: Int { configuration.compute.precision.byteCount }
    /// A Gram matrix.
    private var gram: Int { points * points * entry }
    private var eigenvalues: Int? { configuration.wantedEigenvalues(of: points) }

    /// Gram matrices of the net of `model`, and what solving takes.
    var model: Int {
        guard configuration.kernel.predicting != nil else { return 0 }
        return configuration.kinds.count * gram + solving(points, eigenvalues: eigenvalues)
    }

    /// The Gram matrix of the net of `model` and its eigenvectors, which later stages find there.
    private var kept: Int { gram + (eigenvalues ?? 0) * points * 8 }

    /// A finite net beside its kernel, whose equations are solved for all times.
    var comparison: Int {
        configuration.networks.contains { $0.kernel != nil } ? gram + solving(points, eigenvalues: points) : 0
    }

    /// The features of one further net.
    var features: Int {
        guard let section = configuration.features, !section.architectures.isEmpty else { return 0 }
        return kept + gram + solving(points, eigenvalues: section.wantedEigenvalues(of: points))
    }

    /// One kernel of a transfer matrix, on all points or some of them.
    var transfer: Int {
        guard configuration.transfer != nil, configuration.kernel.predicting != nil else { return 0 }
        return configuration.transferModels.map { _, model in
            let count = max(0, min(model.train ?? points, points - model.skip))
            let needsAll =
                configuration.inference.solver == .eigh
                || configuration.needsEigenvalues(at: configuration.time(of: model))
            return kept + (configuration.isOwn(model) ? 0 : gram) + (count < points ? count * count * entry : 0)
                + solving(count, eigenvalues: needsAll ? count : nil)
        }.max() ?? 0
    }

    /// Doubles beside a Gram matrix: the decomposition's, the search's for the largest eigenvalues with its copies on
    /// devices, or those of a factorisation.
    private func solving(_ count: Int, eigenvalues: Int?) -> Int {
        let matrices = eigenvalues.map { Spectrum.isPartialBetter($0, of: count) ? 2 : 3 } ?? 1
        return matrices * count * count * 8
    }
}

extension Configuration {
    /// Covariances that the run needs of the training points: the predicting one, both where they are exported.
    var kinds: Set<CovarianceKind> { save.contains(.kernels) ? Set(CovarianceKind.allCases) : [kernel.type] }

    /// How many eigenvalues the run needs of the Gram matrix of `model`: all n for finite times; nil for none.
    func wantedEigenvalues(of n: Int) -> Int? {
        if inference.solver == .eigh || inference.time.contains(where: needsEigenvalues(at:)) { return n }
        return features?.wantedEigenvalues(of: n)
    }

    /// Whether all eigenvalues are found for a training time.
    fileprivate func needsEigenvalues(at time: Double) -> Bool { time.isFinite && inference.solver != .lanczos }

    fileprivate func obstacleToDisk(points n: Int, limit: Int) -> String? {
        if compute.store == .never { return "compute.store: never keeps them from the disk" }
        if inference.solver == .eigh { return "all eigenvalues, for inference.solver: eigh, are found in memory only" }
        if transfer != nil { return "transfer solves the equations of every net in memory" }
        if networks.contains(where: { $0.kernel != nil }) {
            return "the kernel beside a net of networks is solved for in memory only"
        }
        guard let count = features?.wantedEigenvalues(of: n) else { return nil }
        if !Spectrum.isFoundOnDisk(count, of: n) {
            return "\(count) of \(n) eigenvalues, which features ask for, are found in memory only"
        }
        let vectors = Spectrum.diskMemory(count, of: n)
        return vectors <= limit
            ? nil : "the search for \(count) eigenvalues needs \(vectors.byteSize) for its vectors"
    }
}

import Compute
import Datasets
import Inference
import Scheduling
import TangentKernels

/// The stages of one run, in order: kernel, regression, predictions, gradients, attacks.
struct RunStages: Sendable {
    let configuration: Configuration
    let dataset: Dataset
    let program: CovarianceProgram
    let backends: [any Backend]
    let folder: RunFolder
    let journal: RunJournal
    let gramStore: GramStore?

    var precision: Precision { configuration.compute.precision }
    var times: [Double] { configuration.inference.time }

    func execute() async throws -> [ResultRecord] {
        try requireMemory()
        let gram = try await trainKernels()
        let weights = try await regressions(gram)
        let training = try backends.map { try $0.prepare(program, inputs: dataset.trainInputs, precision) }
        guard dataset.testInputs.count > 0 else { return [] }
        let clean = try await predictions(weights, training)
        try await gradients(weights, training)
        return try await evaluate(weights, training, clean)
    }

    /// Covariances that the run needs of the training points: the predicting one, both where they are exported.
    private var kinds: Set<CovarianceKind> {
        configuration.save.contains(.kernels) ? Set(CovarianceKind.allCases) : [configuration.kernel.type]
    }

    /// Refuses what cannot fit before hours are spent on it.
    private func requireMemory() throws(RunError) {
        let n = dataset.trainInputs.count
        let isSpectral = times.contains { $0.isFinite } || configuration.inference.solver == .eigh
        let perEntry = kinds.count * precision.byteCount + (isSpectral ? 24 : 8)
        let needed = n * n * perEntry
        let limit = configuration.compute.memoryLimit ?? ProcessMemory.standardLimit
        guard needed <= limit else { throw .memory(needed: needed, limit: limit, points: n) }
    }

    private func trainKernels() async throws -> HostMatrix {
        let assembly = GramAssembly(
            program: program, precision: precision, backends: backends, tile: configuration.compute.tile)
        let matrices = try await journal.measure("kernel") {
            try await assembly.symmetric(
                dataset.trainInputs, kinds, keeper: gramStore, observer: observe("gram")
            ).matrices
        }
        if configuration.save.contains(.kernels) {
            try await journal.measure("export") { try await exportKernels(matrices, assembly) }
        }
        guard let gram = matrices[configuration.kernel.type] else { preconditionFailure("no Gram matrix was made") }
        return gram
    }

    private func exportKernels(_ train: [CovarianceKind: HostMatrix], _ assembly: GramAssembly) async throws {
        for (kind, matrix) in train { try folder.export(matrix, "\(kind.rawValue)_train_train") }
        guard dataset.testInputs.count > 0 else { return }
        let cross = try await assembly.rectangular(
            dataset.testInputs, dataset.trainInputs, kinds, observer: observe("gram test"))
        for (kind, matrix) in cross.matrices { try folder.export(matrix, "\(kind.rawValue)_test_train") }
        guard configuration.kernel.testTest else { return }
        let test = try await assembly.symmetric(dataset.testInputs, kinds, observer: observe("gram test"))
        for (kind, matrix) in test.matrices { try folder.export(matrix, "\(kind.rawValue)_test_test") }
    }

    /// α_t for every time, [n, k] each.
    private func regressions(_ gram: HostMatrix) async throws -> [Tensor<Double>] {
        let section = configuration.inference
        return try await journal.measure("regression") {
            let regression = try KernelRegression(
                gram: gram, targets: dataset.trainTargets,
                options: .init(
                    diagReg: section.diagReg, diagRegScale: section.diagRegScale, learningRate: section.learningRate,
                    lossNormalization: section.lossNormalization, solver: section.solver))
            return try times.map { try regression.weights(at: $0) }
        }
    }

    /// Passes a scheduler's progress on.
    func observe(_ label: String) -> GramAssembly.Observer {
        let line = ProgressLine(label: label)
        return { [journal] event, progress in
            if case .failed(let tile, let worker, let error) = event {
                journal.warn("\(tile) failed on '\(progress.workers[worker].name)' and goes elsewhere: \(error)")
            }
            journal.progress(line.text(progress), done: progress.done, total: progress.total)
        }
    }
}

/// `inf` or a plain number: how times are spelt in names and records.
func timeLabel(_ time: Double) -> String { time.isInfinite ? "inf" : PlainValue.format(time) }

import Compute
import Datasets
import Inference
import Scheduling
import TangentKernels

/// The stages of one run, in order: finite nets; kernel, regression, predictions, gradients, attacks,
/// features; transfer.
struct RunStages: Sendable {
    let configuration: Configuration
    let dataset: Dataset
    /// Of the net of `model`; nil where no kernel is wanted.
    let kernelProgram: CovarianceProgram?
    let backends: [any Backend]
    let folder: RunFolder
    let journal: RunJournal
    let version: BuildVersion

    var precision: Precision { configuration.compute.precision }

    /// Of the net of `model`.
    /// - Precondition: a kernel is wanted.
    var program: CovarianceProgram {
        guard let kernelProgram else { preconditionFailure("no kernel is wanted") }
        return kernelProgram
    }

    /// What is predicted with: every ridge at every training time.
    var settings: [TrainingSetting] {
        let ridges = configuration.inference.diagReg
        return ridges.indices.flatMap { place in
            configuration.inference.time.map {
                TrainingSetting(diagReg: ridges[place], place: ridges.count > 1 ? place : nil, time: $0)
            }
        }
    }

    func execute() async throws -> [ResultRecord] {
        // Nets come first: they take part in the transfer matrix.
        let nets = try await networkRecords()
        return try await kernelRecords() + nets
    }

    /// Everything that is asked of the infinitely wide net of `model`, and the transfer matrix.
    private func kernelRecords() async throws -> [ResultRecord] {
        guard configuration.kernel.predicting != nil else { return try await transfer(nil) }
        let plan = SolvePlan(configuration, .init(dataset), geometry: program.geometry, devices: backends.count)
        try plan.validate()
        let solved = plan.isOnDisk ? try await solveOnDisk(plan) : try await solveInMemory()
        let weights = solved.weights
        let training = try backends.map { try $0.prepare(program, inputs: dataset.trainInputs, precision) }
        guard dataset.testInputs.count > 0 else { return solved.records }
        let clean = try await predictions(weights, training)
        try await gradients(weights, training)
        var records = try await evaluate(weights, training, clean)
        if let gram = solved.gram {
            records += try await features(gram, solved.spectrum, weights, training)
            records += try await transfer((gram, training))
        }
        return records + solved.records
    }

    /// What a regression leaves.
    struct Solved {
        /// Θ(X, X), where it is in memory.
        var gram: HostMatrix?
        var spectrum: Spectrum?
        /// α_t for every setting, [n, k] each.
        var weights: [Tensor<Double>] = []
        /// How solves went of which that is worth saying.
        var records: [ResultRecord] = []

        /// - Parameter solutions: one for each of the weights, which belong to the times of one ridge.
        mutating func add(
            _ weights: [Tensor<Double>], _ solutions: [KernelRegression.Solution], _ stages: RunStages,
            _ diagReg: Double
        ) {
            self.weights += weights
            let settings = stages.settings.filter { $0.diagReg == diagReg }
            for (setting, solution) in zip(settings, solutions) {
                stages.journal.note("solve", ["solver": solution.solver.rawValue, "seconds": "\(solution.seconds)"])
                if let residual = solution.residual {
                    records.append(ResultRecord(solve: solution, setting, residual: residual))
                }
            }
        }
    }

    private func solveInMemory() async throws -> Solved {
        let gram = try await trainKernel(program)
        let spectrum = try await spectrum(gram)
        var solved = try await regressions(gram, spectrum)
        (solved.gram, solved.spectrum) = (gram, spectrum)
        return solved
    }

    /// Θ(X, X) of the net of `model`; the matrices that are to be exported are.
    private func trainKernel(_ program: CovarianceProgram) async throws -> HostMatrix {
        let assembly = assembly(program)
        let keeper = try gramStore(configuration)
        let matrices = try await journal.measure("kernel") {
            try await assembly.symmetric(
                dataset.trainInputs, configuration.kinds, keeper: keeper, observer: observe("gram")
            ).matrices
        }
        if configuration.save.contains(.kernels) {
            try await journal.measure("export") { try await exportKernels(matrices, assembly) }
        }
        guard let gram = matrices[configuration.kernel.type] else { preconditionFailure("no Gram matrix was made") }
        return gram
    }

    /// Θ(X, X) or K(X, X) of a net beside that of `model`.
    /// - Parameters:
    ///   - label: of the net, for progress.
    ///   - keeper: where its tiles are kept.
    func gram(
        _ program: CovarianceProgram, _ kind: CovarianceKind, label: String, keeper: GramStore? = nil
    ) async throws -> HostMatrix {
        let matrices = try await assembly(program).symmetric(
            dataset.trainInputs, [kind], keeper: keeper, observer: observe("gram \(label)")
        ).matrices
        guard let gram = matrices[kind] else { preconditionFailure("no Gram matrix was made") }
        return gram
    }

    /// Where the tiles of the Gram matrix of a net are kept.
    func gramStore(_ configuration: Configuration, suffix: String = "") throws -> GramStore? {
        try GramStore(folder.gramStore(suffix: suffix), configuration, dataset, version, journal)
    }

    func assembly(_ program: CovarianceProgram) -> GramAssembly {
        GramAssembly(program: program, precision: precision, backends: backends, tile: configuration.compute.tile)
    }

    private func exportKernels(_ train: [CovarianceKind: HostMatrix], _ assembly: GramAssembly) async throws {
        for (kind, matrix) in train { try folder.export(matrix, "\(kind.rawValue)_train_train") }
        try await exportTestKernels(assembly)
    }

    /// The arrays of test points.
    func exportTestKernels(_ assembly: GramAssembly) async throws {
        guard dataset.testInputs.count > 0 else { return }
        let cross = try await assembly.rectangular(
            dataset.testInputs, dataset.trainInputs, configuration.kinds, observer: observe("gram test"))
        for (kind, matrix) in cross.matrices { try folder.export(matrix, "\(kind.rawValue)_test_train") }
        guard configuration.kernel.testTest else { return }
        let test = try await assembly.symmetric(
            dataset.testInputs, configuration.kinds, observer: observe("gram test"))
        for (kind, matrix) in test.matrices { try folder.export(matrix, "\(kind.rawValue)_test_test") }
    }

    private func regressions(_ gram: HostMatrix, _ spectrum: Spectrum?) async throws -> Solved {
        let section = configuration.inference
        let complete = spectrum.flatMap { $0.isComplete ? $0 : nil }
        return try await journal.measure("regression") {
            var solved = Solved()
            for diagReg in section.diagReg {
                let regression = try KernelRegression(
                    gram: gram, targets: dataset.trainTargets, options: section.options(diagReg: diagReg),
                    spectrum: complete)
                let weights = try section.time.map { try regression.weights(at: $0) }
                solved.add(weights, regression.solutions, self, diagReg)
            }
            return solved
        }
    }

    /// Passes a scheduler's progress on.
    func observe(_ label: String) -> GramAssembly.Observer {
        let line = ProgressLine(label: label)
        return { [journal] event, progress in
            if case .finished(let tile, let device, let seconds) = event {
                journal.add(tile, of: label, device: device, seconds: seconds)
            }
            if case .failed(let tile, let worker, let error) = event {
                journal.warn("\(tile) failed on '\(progress.workers[worker].name)' and goes elsewhere: \(error)")
            }
            journal.progress(line.text(progress), done: progress.done, total: progress.total)
        }
    }
}

/// What tells a predictor from the others of a run.
protocol PredictorSetting: Sendable {
    /// At the end of the names of its arrays.
    var suffix: String { get }
    /// For stages and progress.
    var label: String { get }
    /// What records begin or go on with.
    var fields: [PlainValue.Member] { get }
}

/// A ridge and a training time.
struct TrainingSetting: PredictorSetting {
    /// As in the configuration.
    let diagReg: Double
    /// Place of the ridge in the configuration's list; nil where there is one ridge only.
    let place: Int?
    let time: Double

    /// `tinf`, or `reg1_tinf` where there are several ridges: how arrays are called.
    var suffix: String { (place.map { "reg\($0)_" } ?? "") + "t\(timeText)" }

    /// For stages and progress: `t=inf`.
    var label: String { (place == nil ? "" : "diag_reg=\(PlainValue.format(diagReg)) ") + "t=\(timeText)" }

    var fields: [PlainValue.Member] {
        let time: PlainValue = time.isInfinite ? .text("inf") : .number(time)
        return [.init("time", time)] + (place == nil ? [] : [.init("diag_reg", .number(diagReg))])
    }

    private var timeText: String { time.isInfinite ? "inf" : PlainValue.format(time) }
}

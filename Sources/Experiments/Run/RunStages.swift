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

    /// What is predicted with.
    var settings: [TrainingSetting] { configuration.settings }

    func execute() async throws -> [ResultRecord] {
        try check()
        // Nets come first: they take part in the transfer matrix.
        let nets = try await networkRecords()
        return try await kernelRecords() + nets
    }

    /// Everything that is asked of the infinitely wide net of `model`, and the transfer matrix.
    private func kernelRecords() async throws -> [ResultRecord] {
        guard configuration.kernel.predicting != nil else { return try await transfer(nil) }
        let solved = try await solve()
        let weights = solved.weights
        let training = try backends.map { try $0.prepare(program, inputs: dataset.trainInputs, precision) }
        guard dataset.testInputs.count > 0 else { return solved.records }
        let clean = try await predictions(weights, training)
        try await gradients(weights, training)
        var records = try await evaluate(weights, training, clean)
        records += try await features(solved, training)
        if let gram = solved.gram { records += try await transfer((gram, training)) }
        return records + solved.records
    }

    private func solve() async throws -> Solved {
        let given = try givenWeights()
        for (suffix, weights) in given {
            journal.note("weights", ["found": suffix, "solver": weights.solution.solver.rawValue])
        }
        if given.count == settings.count && !isGramWanted {
            var solved = Solved()
            for setting in settings {
                guard let known = given[setting.suffix] else { continue }
                solved.add(known.weights, known.solution, setting, journal)
            }
            return solved
        }
        let plan = SolvePlan(configuration, .init(dataset), geometry: program.geometry, devices: backends.count)
        return plan.isOnDisk ? try await solveOnDisk(plan, given) : try await solveInMemory(given)
    }

    /// Weights that were solved elsewhere, by the suffix of their setting.
    typealias Given = [String: (weights: Tensor<Double>, solution: KernelRegression.Solution)]

    private func givenWeights() throws -> Given {
        guard settings.contains(where: { GivenWeights.exist(in: folder, $0) }) else { return [:] }
        let store = try GivenWeights(folder, configuration, dataset, version)
        var given: Given = [:]
        for setting in settings {
            guard let known = try store.read(setting, points: dataset.trainInputs.count) else { continue }
            given[setting.suffix] = known
        }
        return given
    }

    /// Whether any stage computes a Gram matrix: not where the weights are given and nothing else is wanted of it.
    var needsMatrices: Bool {
        get throws {
            if isGramWanted || configuration.networks.contains(where: { $0.kernel != nil }) { return true }
            return try configuration.kernel.predicting != nil && givenWeights().count < settings.count
        }
    }

    /// Whether Θ(X, X) is needed for more than the weights.
    private var isGramWanted: Bool {
        configuration.save.contains(.kernels) || configuration.features != nil || configuration.transfer != nil
    }

    /// What a regression leaves.
    struct Solved {
        /// Θ(X, X), where it is in memory.
        var gram: HostMatrix?
        var spectrum: Spectrum?
        /// Θ(X, X), where it is on disk.
        var problem: ProblemOnDisk?
        /// α_t for every setting, [n, k] each.
        var weights: [Tensor<Double>] = []
        /// How solves went of which that is worth saying.
        var records: [ResultRecord] = []

        mutating func add(
            _ weights: Tensor<Double>, _ solution: KernelRegression.Solution, _ setting: TrainingSetting,
            _ journal: RunJournal
        ) {
            self.weights.append(weights)
            journal.note("solve", ["solver": solution.solver.rawValue, "seconds": "\(solution.seconds)"])
            if let residual = solution.residual {
                records.append(ResultRecord(solve: solution, setting, residual: residual))
            }
        }
    }

    private func solveInMemory(_ given: Given) async throws -> Solved {
        let gram = try await trainKernel(program)
        let spectrum = try await spectrum(gram)
        var solved = try await regressions(gram, spectrum, given)
        (solved.gram, solved.spectrum) = (gram, spectrum)
        return solved
    }

    /// Θ(X, X) of the net of `model`; the matrices that are to be exported are.
    private func trainKernel(_ program: CovarianceProgram) async throws -> HostMatrix {
        let assembly = assembly(program)
        let keeper = try gramStore(of: configuration.model)
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

    /// Θ(X, X) or K(X, X) of a net, for a stage that needs another one than that of the run.
    /// - Parameter label: of the net, for progress.
    func gram(
        _ net: ModelSection, _ program: CovarianceProgram, _ kind: CovarianceKind, label: String
    ) async throws -> HostMatrix {
        let keeper = try gramStore(of: net)
        let matrices = try await assembly(program).symmetric(
            dataset.trainInputs, [kind], keeper: keeper, observer: observe("gram \(label)")
        ).matrices
        guard let gram = matrices[kind] else { preconditionFailure("no Gram matrix was made") }
        return gram
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

    private func regressions(_ gram: HostMatrix, _ spectrum: Spectrum?, _ given: Given) async throws -> Solved {
        let section = configuration.inference
        let complete = spectrum.flatMap { $0.isComplete ? $0 : nil }
        return try await journal.measure("regression") {
            var solved = Solved()
            for (place, diagReg) in section.diagReg.enumerated() {
                let regression = try KernelRegression(
                    gram: gram, targets: dataset.trainTargets, options: section.options(diagReg: diagReg),
                    spectrum: complete)
                for setting in settings(ofRidge: place) {
                    if let known = given[setting.suffix] {
                        solved.add(known.weights, known.solution, setting, journal)
                        continue
                    }
                    let weights = try regression.weights(at: setting.time)
                    solved.add(weights, regression.solutions[regression.solutions.count - 1], setting, journal)
                }
            }
            return solved
        }
    }

    /// The settings of one ridge, by its place in the configuration's list.
    func settings(ofRidge place: Int) -> ArraySlice<TrainingSetting> {
        let count = configuration.inference.time.count
        return settings[place * count..<(place + 1) * count]
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

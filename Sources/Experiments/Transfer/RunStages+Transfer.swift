import Compute
import Inference
import TangentKernels

extension RunStages {
    /// Records of the section `transfer`.
    /// - Parameter own: Θ(X, X) of the net of `model`, and X of that net on every device; nil where no kernel is wanted.
    func transfer(_ own: (gram: HostMatrix, training: [CovarianceInputs])?) async throws -> [ResultRecord] {
        guard let section = configuration.transfer, dataset.testInputs.count > 0 else { return [] }
        let members = try await transferMembers(own)
        return try await TransferStages(section: section, stages: self, members: members).execute()
    }

    /// Everything that takes part: kernels, and the trained nets of `networks`.
    private func transferMembers(
        _ own: (gram: HostMatrix, training: [CovarianceInputs])?
    ) async throws -> [TransferMember] {
        var teams: [any TransferTeam] = []
        let labels = transferLabels
        if let own {
            var kernels = TransferKernels(stages: self, own: own)
            for (place, (_, model)) in configuration.transferModels.enumerated() {
                teams.append(try await kernels.team(labels[place], model, at: "transfer.models.\(place - 1)"))
            }
        }
        for net in try networkStages() { teams.append(try net.team()) }
        return zip(labels, teams).map(TransferMember.init)
    }

    /// Labels of everything that takes part, all different.
    var transferLabels: [String] {
        let kernels = kernelProgram == nil ? [] : configuration.transferModels.map(\.label)
        let all = kernels + configuration.networkSubjects.map { "net-\($0.label)" }
        return DistinctNames.make(given: all.map { _ in nil }, own: all)
    }

    /// The training points of a model.
    func points(of model: TransferModel) -> Range<Int> {
        let end = model.train.map { model.skip + $0 } ?? dataset.trainInputs.count
        return model.skip..<max(end, model.skip)
    }
}

/// A model whose adversarial points are tried on others, and on which those of others are tried.
struct TransferMember: Sendable {
    /// In records and file names; no other member has it.
    let label: String
    let team: any TransferTeam
}

/// Makes the kernels of a transfer matrix. Those that share net and covariance share the Gram matrix.
private struct TransferKernels {
    let stages: RunStages
    /// Θ(X, X) and X of the net of `model`.
    let own: (gram: HostMatrix, training: [CovarianceInputs])
    private var last: (model: ModelSection, kind: CovarianceKind, gram: HostMatrix)?

    init(stages: RunStages, own: (gram: HostMatrix, training: [CovarianceInputs])) {
        self.stages = stages
        self.own = own
    }

    private var configuration: Configuration { stages.configuration }

    /// A kernel on all devices.
    /// - Parameter path: of the model in the configuration.
    mutating func team(
        _ label: String, _ model: TransferModel, at path: String
    ) async throws -> PredictorTeam<KernelPredictor> {
        let points = stages.points(of: model)
        let isWhole = points.count == stages.dataset.trainInputs.count
        let net = model.model ?? configuration.model
        let program = try stages.program(of: net, at: "\(path).model")
        let memory = StageMemory(stages.folder, stage: "transfer")
        let weights: Tensor<Double>
        if let known = memory.load("weights-\(label)") {
            weights = known
        } else {
            let gram = try await gram(label, net, program, model)
            weights = try await stages.journal.measure("regression \(label)") {
                try self.weights(model, isWhole ? gram : gram.block(points), points)
            }
            memory.save(weights, "weights-\(label)")
        }
        let inputs = stages.dataset.trainInputs[points]
        let training =
            try isWhole && net == configuration.model
            ? own.training : stages.backends.map { try $0.prepare(program, inputs: inputs, stages.precision) }
        return PredictorTeam(
            predictors: try zip(stages.backends, training).map { backend, training in
                try KernelPredictor(
                    configuration.kind(of: model), training: training, weights: weights, backend: backend,
                    memoryLimit: stages.blockMemory)
            })
    }

    /// The Gram matrix of a model's net on all training points.
    private mutating func gram(
        _ label: String, _ net: ModelSection, _ program: CovarianceProgram, _ model: TransferModel
    ) async throws -> HostMatrix {
        if configuration.isOwn(model) { return own.gram }
        let kind = configuration.kind(of: model)
        if let last, last.model == net, last.kind == kind { return last.gram }
        // One at a time beside that of the run, as `MatrixMemory` reckons.
        last = nil
        let stages = stages
        let gram = try await stages.journal.measure("kernel \(label)") {
            try await stages.gram(net, program, kind, label: label)
        }
        last = (net, kind, gram)
        return gram
    }

    /// α of a model on some of the training points.
    private func weights(
        _ model: TransferModel, _ gram: HostMatrix, _ points: Range<Int>
    ) throws -> Tensor<Double> {
        let section = configuration.inference
        let time = configuration.time(of: model)
        let spectrum = time.isFinite ? try stages.spectrum(gram, count: points.count) : nil
        return try KernelRegression(
            gram: gram, targets: stages.dataset.trainTargets[points],
            options: section.options(diagReg: model.diagReg ?? section.diagReg[0]), spectrum: spectrum
        ).weights(at: time)
    }
}

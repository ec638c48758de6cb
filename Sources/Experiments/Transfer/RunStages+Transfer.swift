import Compute
import Inference
import TangentKernels

extension RunStages {
    /// Records of the section `transfer`.
    /// - Parameter own: Θ(X, X) of the net of `model`, and X of that net on every device; nil where no kernel is wanted.
    func transfer(_ own: (gram: HostMatrix, training: [CovarianceInputs])?) async throws -> [ResultRecord] {
        guard let section = configuration.transfer else { return [] }
        let members = try await transferMembers(own)
        return try await TransferStages(section: section, stages: self, members: members).execute()
    }

    /// Everything that takes part: kernels, and the trained nets of `networks`.
    private func transferMembers(
        _ own: (gram: HostMatrix, training: [CovarianceInputs])?
    ) async throws -> [TransferMember] {
        var members: [TransferMember] = []
        if let own {
            var kernels = TransferKernels(stages: self, own: own)
            for (place, (label, model)) in configuration.transferModels.enumerated() {
                members.append(try await kernels.member(label, model, at: "transfer.models.\(place - 1)"))
            }
        }
        for net in try networkStages() {
            members.append(TransferMember(label: "net-\(net.subject.label)", team: try net.team()))
        }
        return members
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

    mutating func member(_ label: String, _ model: TransferModel, at path: String) async throws -> TransferMember {
        let n = stages.dataset.trainInputs.count
        let end = model.train.map { model.skip + $0 } ?? n
        guard model.skip < end, end <= n else {
            throw configuration.error(
                at: path, "takes training points \(model.skip) to \(end): there are \(n)")
        }
        let points = model.skip..<end
        let net = model.model ?? configuration.model
        let kind = model.kernel ?? configuration.kernel.type
        let program = try program(net, at: "\(path).model")
        let memory = StageMemory(stages.folder, stage: "transfer")
        let weights: Tensor<Double>
        if let known = memory.load("weights-\(label)") {
            weights = known
        } else {
            let gram = try await gram(label, net, kind, program)
            weights = try await stages.journal.measure("regression \(label)") {
                try self.weights(model, points.count == n ? gram : gram.block(points), points)
            }
            memory.save(weights, "weights-\(label)")
        }
        let isOwn = net == configuration.model && points.count == n
        let inputs = stages.dataset.trainInputs[points]
        let training =
            try isOwn ? own.training : stages.backends.map { try $0.prepare(program, inputs: inputs, stages.precision) }
        let predictors = try zip(stages.backends, training).map { backend, training in
            try KernelPredictor(kind, training: training, weights: weights, backend: backend)
        }
        return TransferMember(label: label, team: PredictorTeam(predictors: predictors))
    }

    private func program(_ net: ModelSection, at path: String) throws -> CovarianceProgram {
        guard net != configuration.model else { return stages.program }
        var other = configuration
        other.model = net
        return try other.program(inputShape: stages.dataset.inputShape, at: path)
    }

    /// Θ(X, X) or K(X, X) of a net on all training points.
    private mutating func gram(
        _ label: String, _ net: ModelSection, _ kind: CovarianceKind, _ program: CovarianceProgram
    ) async throws -> HostMatrix {
        if net == configuration.model && kind == configuration.kernel.type { return own.gram }
        if let last, last.model == net, last.kind == kind { return last.gram }
        let stages = stages
        let gram = try await stages.journal.measure("kernel \(label)") {
            try await stages.gram(program, kind, label: label)
        }
        last = (net, kind, gram)
        return gram
    }

    /// α of a model on some of the training points.
    private func weights(
        _ model: TransferModel, _ gram: HostMatrix, _ points: Range<Int>
    ) throws -> Tensor<Double> {
        let section = configuration.inference
        let time = model.time ?? section.time.max() ?? .infinity
        let spectrum = time.isFinite ? try stages.spectrum(gram, count: points.count) : nil
        return try KernelRegression(
            gram: gram, targets: stages.dataset.trainTargets[points],
            options: section.options(diagReg: model.diagReg ?? section.diagReg[0]), spectrum: spectrum
        ).weights(at: time)
    }
}

import Attacks
import Compute
import TangentKernels

/// A model on all devices: what a transfer matrix, and a net's stages, ask of it.
protocol TransferTeam: Sendable {
    /// What an attack on the model finds; nil without points.
    func examples(_ trial: AttackTrial) async throws -> AdversarialExamples?

    /// f at some points, [m, k].
    func predictions(at points: Tensor<Double>) async throws -> Tensor<Double>

    /// ∇ₓ L(f(x_i), y_i), each up to a positive factor; shape of the points.
    func lossGradients(at points: Tensor<Double>, labels: [Int], _ loss: AttackLoss) async throws -> Tensor<Double>

    /// Records of the section `attacks` on the model.
    func evaluate(
        _ setting: some PredictorSetting, _ clean: Tensor<Double>, _ stages: RunStages
    ) async throws -> [ResultRecord]
}

extension PredictorTeam: TransferTeam {
    func evaluate(
        _ setting: some PredictorSetting, _ clean: Tensor<Double>, _ stages: RunStages
    ) async throws -> [ResultRecord] { try await stages.evaluate(setting, self, clean) }

    func examples(_ trial: AttackTrial) async throws -> AdversarialExamples? {
        try await trial.outcome(self)?.examples.first
    }

    func predictions(at points: Tensor<Double>) async throws -> Tensor<Double> {
        let parts = try await map(points.count) { model, range in try model.predict(at: points[range]) }
        return Tensor(shape: [points.count, predictors[0].outputs], elements: parts.flatMap(\.elements))
    }

    func lossGradients(at points: Tensor<Double>, labels: [Int], _ loss: AttackLoss) async throws -> Tensor<Double> {
        let parts = try await map(points.count) { model, range in
            try model.lossGradients(at: points[range], labels: Array(labels[range]), loss)
        }
        return Tensor(shape: points.shape, elements: parts.flatMap(\.elements))
    }
}

/// The stages of a transfer matrix: an attack on every source, its points tried on every target, and the loss gradients
/// of all models side by side.
struct TransferStages: Sendable {
    let section: TransferSection
    let stages: RunStages
    let members: [TransferMember]

    private var memory: StageMemory { StageMemory(stages.folder, stage: "transfer") }
    private var points: Tensor<Double> { stages.dataset.testInputs }

    func execute() async throws -> [ResultRecord] {
        guard let labels = stages.attackLabels else { preconditionFailure("test points without labels") }
        let (sources, targets) = (chosen(section.sources), chosen(section.targets))
        var examples: [(source: String, points: Tensor<Double>)] = []
        for member in sources { examples.append((member.label, try await self.examples(member))) }
        var records: [ResultRecord] = []
        for member in targets {
            records += try await stages.once("transfer to \(member.label)") {
                try await tried(examples, on: member, labels)
            }
        }
        records += try await similarities(labels)
        return records
    }

    private func chosen(_ labels: [String]?) -> [TransferMember] {
        labels.map { $0.flatMap { label in members.filter { $0.label == label } } } ?? members
    }

    /// x̃ of a source at the radius; those of an earlier run where it has found them.
    private func examples(_ member: TransferMember) async throws -> Tensor<Double> {
        let name = "examples-\(member.label)"
        let found: Tensor<Double>
        if let known = memory.load(name), known.shape == points.shape {
            found = known
        } else {
            guard let attack = section.attack else { preconditionFailure("transfer has no attack") }
            let trial = AttackTrial(
                section: attack, label: attack.name.rawValue, path: "transfer.attack",
                stage: "transfer from \(member.label)", stages: stages)
            found =
                try await stages.journal.measure(trial.stage) { try await member.team.examples(trial)?.points }
                ?? points
            memory.save(found, name)
            trial.forget()
        }
        if stages.configuration.save.contains(.adversarial) {
            try stages.folder.export(found, "transfer_\(member.label)", stages.precision)
        }
        return found
    }

    /// One record for each source.
    private func tried(
        _ examples: [(source: String, points: Tensor<Double>)], on member: TransferMember, _ labels: [Int]
    ) async throws -> [ResultRecord] {
        let clean = isRight(try await member.team.predictions(at: points), labels)
        var records: [ResultRecord] = []
        for (source, moved) in examples {
            let robust = isRight(try await member.team.predictions(at: moved), labels)
            records.append(
                .transfer(
                    section.attack, from: source, to: member.label, clean: clean, robust: robust))
        }
        return records
    }

    private func isRight(_ predictions: Tensor<Double>, _ labels: [Int]) -> [Bool] {
        zip(Labels.predicted(predictions.elements, outputs: predictions.stride), labels).map { $0 == $1 }
    }

    /// Mean cosines of the loss gradients of all pairs at the first test points.
    private func similarities(_ labels: [Int]) async throws -> [ResultRecord] {
        let count = min(section.images ?? points.count, points.count)
        guard count > 0, members.count > 1 else { return [] }
        return try await stages.once("transfer gradients") {
            let images = points[0..<count]
            var gradients: [Tensor<Double>] = []
            for member in members {
                let name = "gradients-\(member.label)"
                if let known = memory.load(name), known.shape == images.shape {
                    gradients.append(known)
                    continue
                }
                let loss = section.attack?.loss ?? .crossEntropy
                let new = try await member.team.lossGradients(at: images, labels: Array(labels[..<count]), loss)
                memory.save(new, name)
                gradients.append(new)
            }
            var records: [ResultRecord] = []
            for (place, one) in members.enumerated() {
                for (other, member) in members.enumerated().dropFirst(place + 1) {
                    let cosines = GradientCosines.of(gradients[place], gradients[other], count: count)
                    records.append(.gradientSimilarity(one.label, member.label, cosines: cosines))
                }
            }
            return records
        }
    }
}

extension ResultRecord {
    /// - Parameters:
    ///   - clean: whether the target is right at each clean point.
    ///   - robust: the same at the points that were found on the source.
    fileprivate static func transfer(
        _ attack: AttackSection?, from source: String, to target: String, clean: [Bool], robust: [Bool]
    ) -> ResultRecord {
        let total = Double(max(clean.count, 1))
        let right = clean.count { $0 }
        let fooled = zip(clean, robust).count { $0 && !$1 }
        return ResultRecord(
            fields: [
                .init("kind", .text(RecordKind.transfer.rawValue)), .init("source", .text(source)),
                .init("target", .text(target)), .init("attack", .text(attack?.name.rawValue ?? "")),
                .init("norm", .text(attack?.norm.rawValue ?? "")), .init("eps", .number(attack?.eps.first ?? 0)),
                .init("count", .integer(clean.count)), .init("clean_accuracy", .number(Double(right) / total)),
                .init("robust_accuracy", .number(Double(robust.count { $0 }) / total)),
                .init("fooled", .optional(right > 0 ? Double(fooled) / Double(right) : nil)),
            ])
    }

    fileprivate static func gradientSimilarity(_ one: String, _ other: String, cosines: [Double]) -> ResultRecord {
        let mean = cosines.isEmpty ? nil : cosines.reduce(0, +) / Double(cosines.count)
        return ResultRecord(
            fields: [
                .init("kind", .text(RecordKind.gradientSimilarity.rawValue)), .init("model", .text(one)),
                .init("other", .text(other)), .init("images", .integer(cosines.count)),
                .init("mean_cosine", .optional(mean)),
            ])
    }
}

import Attacks
import Compute

extension AttackTrial {
    /// What an attack on all points together does at every radius; nil without points.
    ///
    /// All devices search together, and what is found depends on no batches.
    func outcome(
        _ attack: any JointAttack, _ evaluation: AttackEvaluation, _ team: PredictorTeam<some AttackedModel>,
        _ control: AttackControl
    ) async throws -> AttackOutcome? {
        var outcome = AttackOutcome(examples: [])
        let tested = tested
        for eps in section.eps {
            let threat = evaluation.threat(eps)
            let search = try await search(attack, threat, team, control)
            let delta = search.best
            let parts = try await team.map(points.count) { model, range in
                try attack.examples(tested.batch(range), moved: delta, of: model, within: threat)
            }
            guard var examples = AdversarialExamples.joined(parts) else { return nil }
            if section.fit == .test { examples.zeroGradients = search.zeroGradients ?? 0 }
            examples.add(search)
            outcome.examples.append(examples)
            outcome.shared.append(Tensor(shape: Array(points.shape.dropFirst()), elements: delta))
        }
        return outcome
    }

    private func search(
        _ attack: any JointAttack, _ threat: ThreatModel, _ team: PredictorTeam<some AttackedModel>,
        _ control: AttackControl
    ) async throws -> UniversalSearch {
        let fitted = try fitted
        let clean = try await team.predictions(at: fitted.points)
        let classes = try attack.classes(fitted.batch(0..<fitted.points.count), clean: clean)
        var search = attack.search(size: fitted.points.stride, within: threat, stages.precision)
        while !search.isDone {
            let delta = search.delta
            search.advance(
                try await team.map(fitted.points.count) { model, range in
                    if control.isCancelled() { throw AttackError.cancelled }
                    defer { control.onStep(range.count) }
                    return try attack.response(
                        fitted.batch(range), Array(classes[range]), to: delta, of: model, within: threat)
                })
        }
        return search
    }

    /// The points for which a perturbation is searched.
    var fitted: LabelledPoints {
        get throws {
            guard section.name == .universal, section.fit == .train else { return tested }
            let labels = stages.trainingLabels
            if section.target == .label && labels == nil {
                throw stages.configuration.error(
                    at: "\(path).fit", "an attack on labels needs classes as training targets; set target: prediction")
            }
            return LabelledPoints(points: stages.dataset.trainInputs, labels: labels)
        }
    }
}

/// Points and their classes as attacks count them, where they are known.
struct LabelledPoints: Sendable {
    /// [m, …].
    let points: Tensor<Double>
    let labels: [Int]?

    func batch(_ range: Range<Int>) -> AttackBatch {
        AttackBatch(
            points: points[range], labels: labels.map { Array($0[range]) }, firstIndex: range.lowerBound)
    }
}

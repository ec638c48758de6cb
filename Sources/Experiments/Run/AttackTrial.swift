import Attacks
import Compute
import Foundation
import Scheduling
import Storage
import TangentKernels

/// One attack of a configuration on the test points, on all devices: what it finds, its records and its arrays.
struct AttackTrial: Sendable {
    let section: AttackSection
    /// Name in records and arrays.
    let label: String
    /// Of the section in the configuration.
    let path: String
    let stage: String
    let stages: RunStages

    var points: Tensor<Double> { stages.dataset.testInputs }
    private var labels: [Int]? { stages.attackLabels }
    /// The test points, which are attacked.
    var tested: LabelledPoints { LabelledPoints(points: points, labels: labels) }

    /// Attacks all points at every radius and exports what is found where that is wanted.
    /// - Returns: one record per radius, one of distances for attacks that look for the nearest point, and the doubts;
    ///   none without points.
    func run(
        _ team: PredictorTeam<some AttackedModel>, _ setting: some PredictorSetting
    ) async throws -> [ResultRecord] {
        let evaluation = try evaluation(of: team)
        guard let outcome = try await outcome(evaluation, team) else { return [] }
        let results = evaluation.results(outcome, labels: labels)
        let doubts = evaluation.warnings(results)
        log(results, outcome.nearest)
        for doubt in doubts { stages.journal.warn("\(stage): \(doubt)") }
        try export(outcome, setting.suffix)
        return results.map { ResultRecord(section, label: label, setting, $0) }
            + (outcome.nearest.map { [ResultRecord(section, label: label, setting, distances: $0)] } ?? [])
            + doubts.map { ResultRecord(warning: $0, setting) }
    }

    /// What the attack finds on a model; nil without points.
    func outcome(_ team: PredictorTeam<some AttackedModel>) async throws -> AttackOutcome? {
        try await outcome(try evaluation(of: team), team)
    }

    /// Refuses what the data do not allow.
    func check() throws {
        if section.target == .label && labels == nil {
            throw stages.configuration.error(
                at: "\(path).target",
                "an attack on labels needs test labels; give data.test_targets or set target: prediction")
        }
        _ = (try attack(), try fitted)
    }

    private func evaluation(of team: PredictorTeam<some AttackedModel>) throws -> AttackEvaluation {
        AttackEvaluation(
            attack: try attack(), norm: section.norm, eps: section.eps, box: section.clip,
            batchSize: team.batchSize(points.count))
    }

    private func outcome(
        _ evaluation: AttackEvaluation, _ team: PredictorTeam<some AttackedModel>
    ) async throws -> AttackOutcome? {
        let steps = StepProgress(
            ProgressLine(label: stage, item: "gradients", unit: "gradients"),
            total: evaluation.pointSteps(points: try fitted.points.count), stages.journal)
        return try await CancellationFlag.during { flag in
            let control = AttackControl(
                isCancelled: { flag.isSet }, onStep: { steps.add($0) },
                memory: StageMemory(stages.folder, stage: stage))
            if let attack = evaluation.attack.joint {
                return try await outcome(attack, evaluation, team, control)
            }
            let tested = tested
            let parts = try await team.map(points.count) { predictor, range in
                try evaluation.perturb(tested.batch(range), of: predictor, control: control)
            }
            return AttackOutcome.joined(parts)
        }
    }

    /// Seconds differ from run to run, so they stand in the log and not in the results.
    private func log(_ results: [AttackResult], _ nearest: AdversarialExamples?) {
        if let nearest {
            note(nearest, "any")
        } else {
            for result in results { note(result.examples, "\(result.eps)") }
        }
    }

    private func note(_ examples: AdversarialExamples, _ eps: String) {
        let perPoint = examples.secondsPerStepAndPoint
        if let perPoint { stages.journal.add(secondsPerStepAndPoint: perPoint, of: "\(stage) eps \(eps)") }
        stages.journal.note(
            "attack",
            [
                "attack": stage, "eps": eps, "point_steps": "\(examples.pointSteps)",
                "seconds": "\(examples.seconds)", "seconds_per_step_and_point": "\(perPoint ?? 0)",
                "seconds_per_step": "\((perPoint ?? 0) * Double(examples.points.count))",
            ])
    }

    /// Writes what was found, where it is to be exported.
    private func export(_ outcome: AttackOutcome, _ suffix: String) throws {
        guard stages.configuration.save.contains(.adversarial) else { return }
        let name = "\(label)_\(section.norm.rawValue)"
        for (index, examples) in outcome.examples.enumerated() {
            try export(examples, "\(name)_eps\(index)_\(suffix)")
        }
        for (index, delta) in outcome.shared.enumerated() {
            try stages.folder.export(delta, "perturbation_\(name)_eps\(index)_\(suffix)", stages.precision)
        }
        guard let nearest = outcome.nearest else { return }
        try export(nearest, "\(name)_\(suffix)")
        let distances = nearest.distances.indices.map { nearest.isSuccessful[$0] ? nearest.distances[$0] : .infinity }
        try stages.folder.export(
            Tensor(shape: [distances.count], elements: distances), "adversarial_distances_\(name)_\(suffix)",
            .float64)
    }

    private func export(_ examples: AdversarialExamples, _ suffix: String) throws {
        let folder = stages.folder
        try folder.export(examples.points, "adversarial_\(suffix)", stages.precision)
        try folder.export(examples.predictions, "adversarial_predictions_\(suffix)", .float64)
        if let labels {
            let outputs = examples.predictions.stride
            try folder.export(
                examples.meanPerturbations(from: points, labels: labels, outputs: outputs),
                "mean_perturbations_\(suffix)", .float64)
        }
    }

    /// Removes what only an interrupted run would have needed.
    func forget() { StageMemory(stages.folder, stage: stage).remove() }

    private func attack() throws -> any Attack {
        let goal = try goal()
        guard section.name == .file else { return section.attack(goal, seed: UInt64(stages.configuration.seed)) }
        guard case .floating(let array, _) = try NPY.read(section.path ?? ""), array.shape == points.shape else {
            throw stages.configuration.error(
                at: "\(path).path", "the array must hold floats of the shape of the test points, \(points.shape)")
        }
        return FoundExamples(all: array, goal: goal)
    }

    private func goal() throws -> AttackGoal {
        switch section.target {
        case .label: return .label
        case .prediction: return .prediction
        case .targeted:
            let index = section.targetClass ?? 0
            let classes = stages.dataset.isBinary ? 2 : stages.dataset.outputCount
            guard index < classes else {
                throw stages.configuration.error(
                    at: "\(path).target_class", "there is no class \(index): the data have \(classes)")
            }
            return .targeted(stages.dataset.isBinary ? 2 * index - 1 : index)
        }
    }
}

extension AttackSection {
    /// The attack with the section's settings; the attack's own where it says nothing.
    func attack(_ goal: AttackGoal, seed: UInt64) -> any Attack {
        switch name {
        case .fgsm: FGSM(loss: loss, goal: goal)
        case .randomFGSM: RandomFGSM(loss: loss, goal: goal, restarts: restarts, seed: seed)
        case .pgd:
            PGD(
                loss: loss, goal: goal, steps: steps ?? 20, stepSize: step, momentum: momentum, restarts: restarts,
                randomStart: randomStart, seed: seed)
        case .apgdCE: APGD(.crossEntropy, goal: goal, steps: steps ?? 100, restarts: restarts, seed: seed)
        case .apgdDLR: APGD(.ratio, goal: goal, steps: steps ?? 100, restarts: restarts, seed: seed)
        case .apgdTargeted:
            APGD(
                .targeted, goal: goal, steps: steps ?? 100, restarts: restarts, classes: targetClasses, seed: seed)
        case .fab, .fabTargeted:
            FAB(
                isTargeted: name == .fabTargeted, goal: goal, steps: steps ?? 100, restarts: restarts,
                classes: targetClasses, seed: seed)
        case .square:
            Square(goal: goal, queries: steps ?? 5000, share: share, restarts: restarts, seed: seed)
        case .cw:
            CarliniWagner(
                goal: goal, steps: steps ?? 10_000, searches: searches, learningRate: step ?? 0.01,
                confidence: confidence)
        case .deepfool: DeepFool(goal: goal, steps: steps ?? 50, overshoot: overshoot)
        case .taylor: Taylor(goal: goal)
        case .universal: Universal(loss: loss, goal: goal, steps: steps ?? 20, stepSize: step)
        case .auto: AutoAttack(goal: goal, seed: seed)
        case .file: preconditionFailure("an array is no search")
        }
    }
}

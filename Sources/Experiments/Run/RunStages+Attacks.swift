import Attacks
import Compute
import Foundation
import Scheduling
import TangentKernels

extension RunStages {
    /// One record per setting, attack and radius; one per setting without attacks.
    func evaluate(
        _ weights: [Tensor<Double>], _ training: [CovarianceInputs], _ clean: [Tensor<Double>]
    ) async throws -> [ResultRecord] {
        let sections = configuration.attacks
        guard !sections.isEmpty else {
            return zip(settings, clean).map { ResultRecord($0, count: $1.count, cleanAccuracy: accuracy($1)) }
        }
        // What the adversarial points are to be compared with; data sets stand in no run folder.
        if configuration.save.contains(.adversarial) {
            try folder.export(dataset.testInputs, "test_inputs", precision)
        }
        let done = StageRecords(folder)
        var records: [ResultRecord] = []
        for (setting, weight) in zip(settings, weights) {
            let team = try team(weight, training)
            for (place, section) in sections.enumerated() {
                let label = configuration.attackLabel(place)
                let stage = "attack \(label) \(setting.label)"
                if let known = try done.read(stage) {
                    journal.note("restored", ["stage": stage])
                    records += known
                    continue
                }
                let results = try await journal.measure(stage) {
                    try await evaluate(section, place, label: stage, team)
                }
                try export(results, "\(label)_\(section.norm.rawValue)", setting)
                let new = results.map { ResultRecord(section, label: label, setting, $0) }
                try done.write(new, of: stage)
                records += new
            }
        }
        return records
    }

    /// Writes the adversarial examples of each radius, where they are to be exported.
    private func export(_ results: [AttackResult], _ attack: String, _ setting: TrainingSetting) throws {
        guard configuration.save.contains(.adversarial) else { return }
        for (index, result) in results.enumerated() {
            let suffix = "\(attack)_eps\(index)_\(setting.suffix)"
            try folder.export(result.examples.points, "adversarial_\(suffix)", precision)
            try folder.export(result.examples.predictions, "adversarial_predictions_\(suffix)", .float64)
        }
    }

    private func evaluate(
        _ section: AttackSection, _ place: Int, label: String, _ team: PredictorTeam
    ) async throws -> [AttackResult] {
        let points = dataset.testInputs
        let labels = attackLabels
        if section.target == .label && labels == nil {
            throw configuration.error(
                at: "attacks.\(place).target",
                "an attack on labels needs test labels; give data.test_targets or set target: prediction")
        }
        let attack = section.attack(seed: configuration.seed)
        let evaluation = AttackEvaluation(
            attack: attack, eps: section.eps, box: section.clip, batchSize: team.batchSize(points.count))
        let flag = CancellationFlag()
        let steps = StepProgress(
            ProgressLine(label: label, item: "gradients", unit: "gradients"),
            total: evaluation.pointSteps(points: points.count), journal)
        let control = AttackControl(isCancelled: { flag.isSet }, onStep: { steps.add($0) })
        var results: [AttackResult] = []
        for eps in section.eps {
            let parts = try await withTaskCancellationHandler {
                try await team.map(points.count) { predictor, range in
                    try attack.perturb(
                        AttackBatch(
                            points: points[range], labels: labels.map { Array($0[range]) },
                            firstIndex: range.lowerBound),
                        of: predictor, within: evaluation.threat(eps), control: control)
                }
            } onCancel: {
                flag.set()
            }
            guard let examples = AdversarialExamples.joined(parts) else { continue }
            let result = AttackResult(eps: eps, examples: examples, labels: labels)
            // Seconds differ from run to run, so they stand in the log and not in the results.
            journal.note(
                "attack", ["attack": label, "eps": "\(eps)", "seconds_per_step": "\(result.score.secondsPerStep)"])
            results.append(result)
        }
        for warning in evaluation.warnings(results) { journal.warn(warning) }
        return results
    }

    /// Labels as attacks count them: −1 and 1 for a binary task, else 0 ..< k.
    var attackLabels: [Int]? {
        dataset.testLabels.map { labels in dataset.isBinary ? labels.map { 2 * $0 - 1 } : labels }
    }

    private func accuracy(_ predictions: Tensor<Double>) -> Double? {
        attackLabels.map { Labels.accuracy(predictions.elements, outputs: predictions.stride, labels: $0) }
    }
}

extension Configuration {
    /// The attack's name in records and arrays; the second one of a name is `pgd-2`.
    func attackLabel(_ place: Int) -> String {
        let name = attacks[place].name
        let earlier = attacks[..<place].count { $0.name == name }
        return earlier == 0 ? name.rawValue : "\(name.rawValue)-\(earlier + 1)"
    }
}

extension AttackSection {
    func attack(seed: Int) -> any Attack {
        let goal: AttackGoal = target == .prediction ? .prediction : .label
        switch name {
        case .pgd:
            return PGD(
                loss: loss, goal: goal, steps: steps ?? 20, stepSize: step, restarts: restarts,
                randomStart: randomStart, seed: UInt64(seed))
        default: return FGSM(loss: loss, goal: goal)
        }
    }
}

extension ResultRecord {
    init(_ setting: TrainingSetting, count: Int, cleanAccuracy: Double?) {
        self.init(
            fields: setting.fields + [
                .init("count", .integer(count)), .init("clean_accuracy", .optional(cleanAccuracy)),
            ])
    }

    init(_ section: AttackSection, label: String, _ setting: TrainingSetting, _ result: AttackResult) {
        let score = result.score
        self.init(
            fields: [
                .init("attack", .text(label)), .init("norm", .text(section.norm.rawValue)),
                .init("eps", .number(result.eps)),
            ] + setting.fields + [
                .init("count", .integer(score.count)), .init("clean_accuracy", .optional(score.cleanAccuracy)),
                .init("robust_accuracy", .optional(score.robustAccuracy)),
                .init("success_rate", .number(score.successRate)),
                .init("mean_loss_clean", .number(score.meanCleanValue)), .init("mean_loss", .number(score.meanValue)),
                .init("max_distance", .number(score.maximumDistance)),
                .init("zero_gradients", .integer(score.zeroGradients)),
            ])
    }
}

/// Counts the gradients that an attack has done, on all devices together.
private final class StepProgress: @unchecked Sendable {
    private let line: ProgressLine
    private let total: Int
    private let journal: RunJournal
    private let begin = ContinuousClock.now
    private var done = 0
    private let lock = NSLock()

    init(_ line: ProgressLine, total: Int, _ journal: RunJournal) {
        self.line = line
        self.total = total
        self.journal = journal
    }

    func add(_ points: Int) {
        let count = lock.withLock {
            done += points
            return done
        }
        let text = line.text(
            done: count, total: total, work: Double(count), totalWork: Double(total),
            seconds: (ContinuousClock.now - begin) / .seconds(1))
        journal.progress(text, done: count, total: total)
    }
}

import Attacks
import Compute
import Foundation
import Scheduling
import TangentKernels

extension RunStages {
    /// One record per time, attack and radius; one per time without attacks.
    func evaluate(
        _ weights: [Tensor<Double>], _ training: [CovarianceInputs], _ clean: [Tensor<Double>]
    ) async throws -> [ResultRecord] {
        let sections = configuration.attacks
        guard !sections.isEmpty else {
            return zip(times, clean).map { ResultRecord(time: $0, count: $1.count, cleanAccuracy: accuracy($1)) }
        }
        let done = StageRecords(folder)
        var records: [ResultRecord] = []
        for (time, weight) in zip(times, weights) {
            let team = try team(weight, training)
            for (place, section) in sections.enumerated() {
                let label = attackLabel(place)
                let stage = "attack \(label) t=\(timeLabel(time))"
                if let known = try done.read(stage) {
                    journal.note("restored", ["stage": stage])
                    records += known
                    continue
                }
                let results = try await journal.measure(stage) {
                    try await evaluate(section, place, label: stage, team)
                }
                try export(results, "\(label)_\(section.norm.rawValue)", time)
                let new = results.map { ResultRecord(section, label: label, time: time, $0) }
                try done.write(new, of: stage)
                records += new
            }
        }
        return records
    }

    /// Writes the adversarial examples of each radius, where they are to be exported.
    private func export(_ results: [AttackResult], _ attack: String, _ time: Double) throws {
        guard configuration.save.contains(.adversarial) else { return }
        for (index, result) in results.enumerated() {
            let suffix = "\(attack)_eps\(index)_t\(timeLabel(time))"
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
    private var attackLabels: [Int]? {
        dataset.testLabels.map { labels in dataset.isBinary ? labels.map { 2 * $0 - 1 } : labels }
    }

    private func accuracy(_ predictions: Tensor<Double>) -> Double? {
        attackLabels.map { Labels.accuracy(predictions.elements, outputs: predictions.stride, labels: $0) }
    }

    /// The attack's name; the second one of a name is `pgd-2`.
    private func attackLabel(_ place: Int) -> String {
        let name = configuration.attacks[place].name
        let earlier = configuration.attacks[..<place].count { $0.name == name }
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
    init(time: Double, count: Int, cleanAccuracy: Double?) {
        self.init([
            "time": .time(time), "count": .integer(count), "clean_accuracy": .optional(cleanAccuracy),
        ])
    }

    init(_ section: AttackSection, label: String, time: Double, _ result: AttackResult) {
        let score = result.score
        self.init([
            "attack": .text(label), "norm": .text(section.norm.rawValue), "eps": .number(result.eps),
            "time": .time(time), "count": .integer(score.count), "clean_accuracy": .optional(score.cleanAccuracy),
            "robust_accuracy": .optional(score.robustAccuracy), "success_rate": .number(score.successRate),
            "mean_loss_clean": .number(score.meanCleanValue), "mean_loss": .number(score.meanValue),
            "max_distance": .number(score.maximumDistance), "zero_gradients": .integer(score.zeroGradients),
        ])
    }
}

extension PlainValue {
    fileprivate static func time(_ time: Double) -> PlainValue { time.isInfinite ? .text("inf") : .number(time) }
    fileprivate static func optional(_ value: Double?) -> PlainValue { value.map { .number($0) } ?? .null }
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

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
        var records: [ResultRecord] = []
        for ((setting, weight), clean) in zip(zip(settings, weights), clean) {
            let team = try team(weight, training)
            var new: [ResultRecord] = []
            for place in sections.indices { new += try await evaluate(place, setting, team) }
            for sentence in AttackDoubts(labels: attackLabels, clean: clean).sentences(new) {
                journal.warn("\(setting.label): \(sentence)")
                new.append(ResultRecord(warning: sentence, setting))
            }
            records += new
        }
        return records
    }

    /// The records of one attack; those of an earlier run where it is done.
    private func evaluate(
        _ place: Int, _ setting: TrainingSetting, _ team: PredictorTeam
    ) async throws -> [ResultRecord] {
        let section = configuration.attacks[place]
        let label = configuration.attackLabel(place)
        let stage = "attack \(label) \(setting.label)"
        let done = StageRecords(folder)
        if let known = try done.read(stage) {
            journal.note("restored", ["stage": stage])
            return known
        }
        let trial = AttackTrial(
            section: section, label: label, path: "attacks.\(place)", stage: stage, stages: self)
        let records = try await journal.measure(stage) { try await trial.run(team, setting) }
        try done.write(records, of: stage)
        trial.forget()
        return records
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

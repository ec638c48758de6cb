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
        var records: [ResultRecord] = []
        for ((setting, weight), clean) in zip(zip(settings, weights), clean) {
            records += try await evaluate(setting, try team(weight, training), clean)
        }
        return records
    }

    /// One record per attack and radius on one predictor, and the doubts; one without attacks.
    /// - Parameter clean: predictions at the test points, [m, k].
    func evaluate(
        _ setting: some PredictorSetting, _ team: PredictorTeam<some AttackedModel>, _ clean: Tensor<Double>
    ) async throws -> [ResultRecord] {
        let sections = configuration.attacks
        guard !sections.isEmpty else {
            return [ResultRecord(setting, count: clean.count, cleanAccuracy: accuracy(clean))]
        }
        // What the adversarial points are to be compared with; data sets stand in no run folder.
        if configuration.save.contains(.adversarial) {
            try folder.export(dataset.testInputs, "test_inputs", precision)
        }
        var records: [ResultRecord] = []
        for place in sections.indices { records += try await evaluate(place, setting, team) }
        for sentence in AttackDoubts(labels: attackLabels, clean: clean).sentences(records) {
            journal.warn("\(setting.label): \(sentence)")
            records.append(ResultRecord(warning: sentence, setting))
        }
        return records
    }

    /// The records of one attack; those of an earlier run where it is done.
    private func evaluate(
        _ place: Int, _ setting: some PredictorSetting, _ team: PredictorTeam<some AttackedModel>
    ) async throws -> [ResultRecord] {
        let trial = trial(place, on: setting.label)
        return try await once(trial.stage) {
            try await trial.run(team, setting)
        } andThen: {
            trial.forget()
        }
    }

    /// An attack of the configuration.
    /// - Parameter predictor: that is attacked, for stages.
    func trial(_ place: Int, on predictor: String = "") -> AttackTrial {
        let label = configuration.attackLabel(place)
        return AttackTrial(
            section: configuration.attacks[place], label: label, path: "attacks.\(place)",
            stage: "attack \(label) \(predictor)", stages: self)
    }

    /// Does a stage and keeps its records; those of an earlier run where it is done.
    /// - Parameters:
    ///   - isMeasured: whether it is one stage to those who follow the run; false where its parts are.
    ///   - andThen: once the records are kept, also by an earlier run.
    func once(
        _ stage: String, isMeasured: Bool = true, _ work: () async throws -> [ResultRecord],
        andThen: () -> Void = {}
    ) async throws -> [ResultRecord] {
        let done = StageRecords(folder)
        if let known = try done.read(stage) {
            journal.note("restored", ["stage": stage])
            andThen()
            return known
        }
        let records = isMeasured ? try await journal.measure(stage, work) : try await work()
        try done.write(records, of: stage)
        andThen()
        return records
    }

    /// Labels as attacks count them: −1 and 1 for a binary task, else 0 ..< k.
    var attackLabels: [Int]? {
        dataset.testLabels.map(classes)
    }

    /// The same of the training points; nil where their targets are no classes.
    var trainingLabels: [Int]? { dataset.trainLabels.map(classes) }

    /// Classes as attacks count them, of indices.
    func classes(_ labels: [Int]) -> [Int] { dataset.isBinary ? labels.map { 2 * $0 - 1 } : labels }

    func accuracy(_ predictions: Tensor<Double>) -> Double? {
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

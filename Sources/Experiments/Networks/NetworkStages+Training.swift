import Attacks
import Compute
import Foundation
import Networks
import Scheduling
import Storage

extension NetworkStages {
    /// Trains the net, from its last checkpoint on where there is one. Parameters that later stages need are kept.
    /// - Returns: a record for each epoch, and one for the untrained net.
    func train() throws -> [ResultRecord] {
        try Folder.make(files.folder)
        AtomicFile.removeLeftovers(in: files.folder)
        var training = try Training(
            initialNetwork(on: backend, precision), on: trainingSet(), plan: training, perturbation: perturbation)
        var records = try restore(&training)
        if records.isEmpty { records = [try measure(predictor(training.network), epoch: 0, trained: nil)] }
        let kept = moments
        let progress = progress(from: training.epoch)
        while training.epoch < self.training.epochs {
            if let tangent = section.linearize, tangent.epoch == training.epoch,
                training.network.tangentPoint == nil
            {
                try keep(training.network, training.epoch * length)
                try training.linearize(isCentred: tangent.centred)
            }
            let network = training.network
            let epoch = try training.runEpoch { step in
                try Task.checkCancellation()
                progress(step)
                if kept.contains(step) { try keep(network, step) }
            }
            records.append(try measure(predictor(network), epoch: training.epoch, trained: epoch))
            if training.epoch % section.checkpoint == 0 {
                // Records first: those beyond the checkpoint are dropped when training goes on.
                try StageRecords(stages.folder).write(records, of: recordStage)
                try training.save(to: files.checkpoint)
            }
        }
        try keep(training.network, lastStep)
        return records
    }

    private var recordStage: String { "epochs \(subject.label)" }

    /// Goes to the last checkpoint.
    /// - Returns: the records up to there; none without a checkpoint.
    private func restore(_ training: inout Training) throws -> [ResultRecord] {
        guard FileManager.default.fileExists(atPath: files.checkpoint),
            let records = try StageRecords(stages.folder).read(recordStage)
        else { return [] }
        try training.restore(from: files.checkpoint)
        let done = training.epoch
        stages.journal.note("restored", ["net": subject.label, "epoch": "\(done)"])
        return records.filter { $0.number("epoch").map { $0 <= Double(done) } ?? false }
    }

    /// Steps whose parameters are kept.
    private var moments: Set<Int> {
        var steps: Set<Int> = [lastStep]
        if let dynamics = stages.configuration.dynamics, dynamics.includes(subject.name) {
            steps.formUnion(dynamics.moments(epochs: training.epochs, length: length))
        }
        return steps.union(comparedEpochs.map { $0 * length })
    }

    private func keep(_ network: Network, _ step: Int) throws {
        let numbers = try backend.download(network.parameters)
        let tensor = Tensor(shape: [numbers.count], elements: numbers)
        switch precision {
        case .float32:
            try NPY.write(Tensor(shape: tensor.shape, elements: numbers.rounded()), to: files.parameters(step))
        case .float64: try NPY.write(tensor, to: files.parameters(step))
        }
    }

    /// Told of every step, tells how far the training is and how long it will take.
    private func progress(from epoch: Int) -> (Int) -> Void {
        let (journal, first, last) = (stages.journal, epoch * length, lastStep)
        let line = ProgressLine(label: "training \(subject.label)", item: "steps", unit: "points")
        let perStep = Double(labels.count) / Double(max(length, 1))
        let begin = ContinuousClock.now
        return { step in
            let text = line.text(
                done: step, total: last, work: Double(step - first) * perStep,
                totalWork: Double(last - first) * perStep, seconds: (ContinuousClock.now - begin) / .seconds(1))
            journal.progress(text, done: step, total: last)
        }
    }
}

// MARK: Measures

extension NetworkStages {
    /// The record of the net behind some epochs.
    private func measure(_ model: any AttackedModel, epoch: Int, trained: Training.Epoch?) throws -> ResultRecord {
        var fields: [PlainValue.Member] =
            [.init("kind", .text(RecordKind.epoch.rawValue))] + subject.fields + [
                .init("epoch", .integer(epoch)), .init("step", .integer(epoch * length)),
                .init("learning_rate", .optional(trained?.learningRate)), .init("loss", .optional(trained?.loss)),
            ]
        let seen = trained.map {
            Labels.accuracy($0.predictions.elements, outputs: plan.outputs, labels: labels)
        }
        // Of f itself, and of nobody's interest where f − f₀ predicts.
        if !section.centred { fields.append(.init("seen_accuracy", .optional(seen))) }
        guard section.evaluate.epochs?.contains(epoch) ?? true else { return ResultRecord(fields: fields) }
        let dataset = stages.dataset
        fields += try accuracies("train", model, dataset.trainInputs, labels)
        fields += try accuracies("test", model, dataset.testInputs, stages.attackLabels)
        return ResultRecord(fields: fields)
    }

    /// Clean and robust accuracy at the first points of a split.
    private func accuracies(
        _ split: String, _ model: any AttackedModel, _ points: Tensor<Double>, _ labels: [Int]?
    ) throws -> [PlainValue.Member] {
        let count = min(section.evaluate.points, points.count)
        guard let labels = labels.map({ Array($0[..<count]) }), count > 0 else { return [] }
        let (clean, robust) = try accuracies(model, points[0..<count], labels)
        return [
            .init("\(split)_count", .integer(count)), .init("\(split)_accuracy", .optional(clean)),
            .init("\(split)_robust_accuracy", .optional(robust)),
        ]
    }

    private func accuracies(
        _ model: any AttackedModel, _ points: Tensor<Double>, _ labels: [Int]
    ) throws -> (clean: Double?, robust: Double?) {
        guard let attack = section.evaluate.attack ?? section.adversarial else {
            let predictions = try model.predictions(at: points)
            return (Labels.accuracy(predictions.elements, outputs: model.outputs, labels: labels), nil)
        }
        let result = try attack.evaluation(of: model, seed: stages.configuration.seed).run(
            points: points, labels: labels, model: model)
        return (result.first?.score.cleanAccuracy, result.first?.score.robustAccuracy)
    }
}

extension AttackSection {
    /// The attack on a model with the section's radii.
    func evaluation(of model: any AttackedModel, seed: Int) -> AttackEvaluation {
        AttackEvaluation(
            attack: attack(untargetedGoal, seed: UInt64(seed)), norm: norm, eps: eps, box: clip,
            batchSize: model.batchSize)
    }
}

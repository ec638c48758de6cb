import Attacks
import Compute
import Scheduling
import TangentKernels

/// A sum of some features.
struct FeatureMachine: Sendable {
    enum Name: String, Sendable {
        case top, complement, useful, robust, full
    }

    let name: Name
    /// As in records: p.
    let size: Int
    /// α, [n, k].
    let weights: Tensor<Double>
    /// The attack and the radius that chose its features; nil where none did.
    var choice: FeatureAttackResult?
}

/// A machine under one attack at one radius, or clean.
struct MachineResult: Sendable {
    let name: FeatureMachine.Name
    let size: Int
    let cleanAccuracy: Double
    let attack: FeaturesSection.AttackName?
    let eps: Double?
    let robustAccuracy: Double?
}

extension FeatureStages {
    /// Accuracies of the truncated machines and of the whole one, clean and under each attack on the machine itself.
    func machines(
        _ clean: FeatureMeasures, _ attacks: [FeatureAttackResult], _ thresholds: FeatureThresholds, _ labels: [Int]
    ) async throws -> [MachineResult] {
        let stage = "machines \(subject.label)"
        return try await stages.journal.measure(stage) {
            let machines = try chooseMachines(clean, attacks, thresholds)
            let results = try await team.map(
                machines.count, observer: stages.progress(stage, item: "machines", unit: "machines")
            ) { device, place in
                try evaluate(machines[place], labels, on: device)
            }
            return results.flatMap { $0 }
        }
    }

    private func chooseMachines(
        _ clean: FeatureMeasures, _ attacks: [FeatureAttackResult], _ thresholds: FeatureThresholds
    ) throws -> [FeatureMachine] {
        var machines: [FeatureMachine] = [FeatureMachine(name: .full, size: n, weights: subject.fullWeights)]
        for size in section.machineSizes(firstCount) {
            let weights = try features.weights(of: 0..<size)
            machines.append(FeatureMachine(name: .top, size: size, weights: weights))
            guard size < n else { continue }
            let rest = zip(subject.fullWeights.elements, weights.elements).map { $0 - $1 }
            machines.append(
                FeatureMachine(name: .complement, size: size, weights: Tensor(shape: weights.shape, elements: rest)))
        }
        guard section.machines != [] else { return machines }
        let usefulness = clean.values(section.criterion)
        let useful = (0..<firstCount).filter { usefulness[$0] > thresholds.useful }
        // Of equally good ones that of the larger eigenvalue comes first.
        func best(_ values: [Double]) -> [Int] { useful.sorted { (values[$1], $0) < (values[$0], $1) } }
        func append(_ name: FeatureMachine.Name, _ order: [Int], _ sizes: [Int], _ choice: FeatureAttackResult?) throws
        {
            for size in sizes {
                machines.append(
                    FeatureMachine(
                        name: name, size: size, weights: try features.weights(of: order[..<size]), choice: choice))
            }
        }
        try append(.useful, best(usefulness), section.machineSizes(useful.count), nil)
        for attack in attacks {
            let robustness = attack.measures.values(section.criterion)
            let robust = useful.count { robustness[$0] > thresholds.robust }
            let sizes = Set(section.machineSizes(useful.count) + (robust > 0 ? [robust] : [])).sorted()
            try append(.robust, best(robustness), sizes, attack)
        }
        return machines
    }

    private func evaluate(_ machine: FeatureMachine, _ labels: [Int], on device: Int) throws -> [MachineResult] {
        let predictor = try predictor(machine.weights, on: device)
        func result(_ accuracy: Double, _ attack: FeaturesSection.AttackName?, _ eps: Double?, _ robust: Double?)
            -> MachineResult
        {
            MachineResult(
                name: machine.name, size: machine.size, cleanAccuracy: accuracy, attack: attack, eps: eps,
                robustAccuracy: robust)
        }
        guard !section.attacks.isEmpty else {
            let predictions = try predictor.predictions(at: points)
            return [result(Labels.accuracy(predictions.elements, outputs: outputs, labels: labels), nil, nil, nil)]
        }
        var results: [MachineResult] = []
        for name in section.attacks where machine.choice == nil || machine.choice?.attack == name {
            let attack: any Attack =
                name == .fgsm
                ? FGSM() : PGD(steps: section.steps, stepSize: section.step, seed: UInt64(stages.configuration.seed))
            let evaluation = AttackEvaluation(
                attack: attack, eps: machine.choice.map { [$0.eps] } ?? section.eps, box: section.clip,
                batchSize: min(predictor.batchSize, 512))
            for found in try evaluation.run(points: points, labels: labels, model: predictor) {
                results.append(
                    result(found.score.cleanAccuracy ?? 0, name, found.eps, found.score.robustAccuracy))
            }
        }
        return results
    }
}

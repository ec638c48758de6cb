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

/// Accuracies of a machine at some points; robust is nil without an attack.
struct MachineScore: Sendable {
    let clean: Double
    let robust: Double?
}

/// A machine under one attack at one radius, or clean.
struct MachineResult: Sendable {
    let name: FeatureMachine.Name
    let size: Int
    var attack: FeaturesSection.AttackName?
    var eps: Double?
    /// At the half of the test points that judges.
    let judged: MachineScore
    /// At the half that chooses.
    let choosing: MachineScore
}

extension FeatureStages {
    /// Accuracies of the truncated machines and of the whole one, clean and under each attack on the machine itself.
    /// Those whose features have to be chosen are made of the features that are best at one half of the points.
    func machines(
        _ clean: FeatureScores, _ attacks: [FeatureAttackResult], _ thresholds: FeatureThresholds, _ labels: [Int]
    ) async throws -> [MachineResult] {
        let stage = "machines \(subject.label)"
        return try await stages.journal.measure(stage) {
            let machines = try chooseMachines(clean, attacks, thresholds)
            let results = try await team.map(
                machines.count, observer: stages.progress(stage, item: "machines", unit: "machines")
            ) { device, place in
                try kept("\(place)", of: stage) { try predictions(machines[place], labels, on: device) }
            }
            return zip(machines, results).flatMap { evaluate($0, $1, labels) }
        }
    }

    private func chooseMachines(
        _ clean: FeatureScores, _ attacks: [FeatureAttackResult], _ thresholds: FeatureThresholds
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
        let usefulness = clean.choosing.values(section.criterion)
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
            let robustness = attack.scores.choosing.values(section.criterion)
            let robust = useful.count { robustness[$0] > thresholds.robust }
            let sizes = Set(section.machineSizes(useful.count) + (robust > 0 ? [robust] : [])).sorted()
            try append(.robust, best(robustness), sizes, attack)
        }
        return machines
    }

    private func evaluate(_ machine: FeatureMachine, _ predictions: Tensor<Double>, _ labels: [Int]) -> [MachineResult]
    {
        func result(_ place: Int?, _ attack: FeaturesSection.AttackName?, _ eps: Double?) -> MachineResult {
            func score(_ rows: [Int]) -> MachineScore {
                func accuracy(_ place: Int) -> Double {
                    let own = predictions[place..<place + 1].reshaped([labels.count, outputs]).rows(rows)
                    return Labels.accuracy(own.elements, outputs: outputs, labels: rows.map { labels[$0] })
                }
                return MachineScore(clean: accuracy(0), robust: place.map(accuracy))
            }
            let halves = TestHalves(labels)
            return MachineResult(
                name: machine.name, size: machine.size, attack: attack, eps: eps, judged: score(halves.judging),
                choosing: score(halves.choosing))
        }
        let cases = attacks(on: machine).flatMap { name in radii(of: machine).map { (name, $0) } }
        return cases.isEmpty
            ? [result(nil, nil, nil)] : cases.enumerated().map { result($0 + 1, $1.0, $1.1) }
    }

    private func attacks(on machine: FeatureMachine) -> [FeaturesSection.AttackName] {
        machine.choice.map { [$0.attack] } ?? section.attacks
    }

    private func radii(of machine: FeatureMachine) -> [Double] { machine.choice.map { [$0.eps] } ?? section.eps }

    /// Predictions at the test points, then at what each attack makes of them at each radius, [1 + cases, m, k].
    private func predictions(_ machine: FeatureMachine, _ labels: [Int], on device: Int) throws -> Tensor<Double> {
        let predictor = try predictor(machine.weights, on: device)
        var found: [AttackResult] = []
        for name in attacks(on: machine) {
            let attack: any Attack =
                name == .fgsm
                ? FGSM() : PGD(steps: section.steps, stepSize: section.step, seed: UInt64(stages.configuration.seed))
            let evaluation = AttackEvaluation(
                attack: attack, eps: radii(of: machine), box: section.clip, batchSize: min(predictor.batchSize, 512))
            found += try evaluation.run(points: points, labels: labels, model: predictor)
        }
        let clean = try found.first?.examples.cleanPredictions ?? predictor.predictions(at: points)
        let all = [clean] + found.map(\.examples.predictions)
        return Tensor(shape: [all.count, points.count, outputs], elements: all.flatMap(\.elements))
    }
}

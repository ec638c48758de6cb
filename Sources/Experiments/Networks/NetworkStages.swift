import Attacks
import Compute
import Foundation
import Networks
import Storage

/// The stages of one finite net: its training, attacks on it, its empirical NTK along training.
struct NetworkStages: Sendable {
    let subject: NetworkSubject
    let stages: RunStages
    let plan: NetworkPlan
    let training: TrainingPlan
    let files: NetworkFiles
    let labels: [Int]

    var section: NetworkSection { subject.section }
    var backend: any Backend { stages.backends[0] }
    var precision: Precision { stages.precision }
    /// Steps of an epoch.
    var length: Int { training.stepsPerEpoch(labels.count) }
    /// Steps of the whole training.
    var lastStep: Int { training.epochs * length }

    /// - Throws: `ConfigurationError` where the data or the net do not fit.
    init(_ subject: NetworkSubject, _ stages: RunStages) throws {
        self.subject = subject
        self.stages = stages
        let dataset = stages.dataset
        guard let indices = dataset.trainLabels else {
            throw stages.configuration.error(
                at: "networks.\(subject.place)", "training needs classes; give class indices as training targets")
        }
        labels = stages.classes(indices)
        plan = try stages.configuration.networkPlan(
            subject.place, inputShape: dataset.inputShape, outputs: dataset.outputCount)
        training = subject.section.training.plan(seed: Self.seed(subject, stages))
        files = NetworkFiles(stages.folder, subject)
    }

    private static func seed(_ subject: NetworkSubject, _ stages: RunStages) -> UInt64 {
        UInt64(stages.configuration.seed) &+ UInt64(subject.seed)
    }

    func execute() async throws -> [ResultRecord] {
        let epochs = try await stages.once("training \(subject.label)") {
            try train()
        } andThen: {
            try? FileManager.default.removeItem(atPath: files.checkpoint)
        }
        return try await epochs + attacked() + dynamics()
    }

    // MARK: Nets

    /// Before training.
    func initialNetwork(on backend: any Backend, _ precision: Precision) throws(ComputeError) -> Network {
        try Network(
            plan,
            parameters: plan.initialParameters(section.initialization, seed: Self.seed(subject, stages)),
            backend: backend, precision: precision)
    }

    /// Behind a number of steps that was kept; the tangent model once training went on with it.
    func network(step: Int, on backend: any Backend, _ precision: Precision) throws -> Network {
        let base = section.linearize.flatMap { $0.epoch * length < step ? $0 : nil }
        return try Network(
            plan, parameters: parameters(step), backend: backend, precision: precision,
            tangentAt: base.map { (parameters: try parameters($0.epoch * length), isCentred: $0.centred) })
    }

    private func parameters(_ step: Int) throws -> [Double] {
        let path = files.parameters(step)
        guard case .floating(let numbers, _) = try NPY.read(path), numbers.elements.count == plan.parameterCount else {
            throw StorageError(
                .damaged, path: path, failure: "does not hold the parameters of this net",
                reason: "\(plan.parameterCount) numbers are needed", advice: "remove the run folder to begin anew")
        }
        return numbers.elements
    }

    /// What predicts: the net, or what training has added to it.
    func predictor(_ network: Network) throws(ComputeError) -> any AttackedModel {
        section.centred
            ? CentredModel(network, initial: try initialNetwork(on: network.backend, network.precision)) : network
    }

    // MARK: Data

    /// The training points with what the net shall say of them.
    func trainingSet() throws(ComputeError) -> TrainingSet {
        let dataset = stages.dataset
        var targets = dataset.trainTargets
        if training.loss == .crossEntropy, !dataset.isBinary {
            targets = TrainingSet.targets(labels, outputs: dataset.outputCount)
        }
        if section.centred {
            // f − f₀ has the squared error of f with targets that f₀ moves.
            let offset = try initialNetwork(on: backend, precision).predictions(at: dataset.trainInputs)
            for index in targets.elements.indices { targets.elements[index] += offset.elements[index] }
        }
        return TrainingSet(points: dataset.trainInputs, targets: targets, labels: labels)
    }

    /// What is done to batches; nil for nothing.
    var perturbation: AttackPerturbation? {
        section.adversarial.map { attack in
            AttackPerturbation(
                attack.attack(attack.untargetedGoal, seed: UInt64(stages.configuration.seed)), within: attack.threat,
                share: section.attacked)
        }
    }
}

extension RunStages {
    /// The finite nets of the run.
    func networkStages() throws -> [NetworkStages] {
        try configuration.networkSubjects.map { try NetworkStages($0, self) }
    }

    /// Records of the sections `networks` and `dynamics`.
    func networkRecords() async throws -> [ResultRecord] {
        let nets = try networkStages()
        try checkMoments(nets)
        var records: [ResultRecord] = []
        for net in nets { records += try await net.execute() }
        for place in configuration.networks.indices {
            records += try await kernelComparison(nets.filter { $0.subject.place == place })
        }
        return records
    }

    /// Refuses steps that no training reaches before hours are spent on it.
    private func checkMoments(_ nets: [NetworkStages]) throws {
        guard let dynamics = configuration.dynamics else { return }
        for net in nets where dynamics.includes(net.subject.name) {
            guard let place = dynamics.steps.firstIndex(where: { $0 > net.lastStep }) else { continue }
            throw configuration.error(
                at: "dynamics.steps.\(place)",
                "there is no step \(dynamics.steps[place]): the training of \(net.subject.name) has \(net.lastStep)")
        }
    }
}

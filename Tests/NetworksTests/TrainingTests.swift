import Attacks
import Compute
import Foundation
import Storage
import StorageTestSupport
import TangentKernels
import TestSupport
import Testing

@testable import Networks

/// Epochs of training: their steps, their order, and how they go on after a stop.
@Suite struct TrainingTests {
    private static let net = Architecture([
        Dense(weightStd: 1.4, biasStd: 0.1), Relu(), Dense(weightStd: 1.4, biasStd: 0.1),
    ])

    private static func network(
        _ backend: any Backend, _ precision: Precision, inputs: Int = 5, outputs: Int = 3
    ) throws -> Network {
        let plan = try NetworkPlan(
            net, input: ImageShape(channels: inputs), outputs: outputs, widths: .uniform(16))
        return try Network(
            plan, parameters: plan.initialParameters(.ntk, seed: 1), backend: backend, precision: precision)
    }

    private static func data(_ count: Int) -> TrainingSet {
        let points = RandomArchitecture.inputs(count, 5, seed: 3, scale: 1...1)
        let labels = (0..<count).map { $0 * 7 % 3 }
        let targets = labels.flatMap { label in (0..<3).map { $0 == label ? 1.0 : 0 } }
        return TrainingSet(points: points, targets: Tensor(shape: [count, 3], elements: targets), labels: labels)
    }

    private static let plan = TrainingPlan(
        epochs: 4, batchSize: 7, learningRate: 0.2, schedule: .cosine, momentum: 0.9, weightDecay: 1e-3, loss: .mse,
        shuffleSeed: 11)

    @Test func schedules() {
        func rates(_ schedule: LearningRateSchedule) -> [Double] {
            (0..<4).map { schedule.rate(2, epoch: $0, of: 4) }
        }
        #expect(rates(.constant) == [2, 2, 2, 2])
        #expect(rates(.step(epochs: 2, factor: 0.5)) == [2, 2, 1, 1])
        for (rate, wanted) in zip(rates(.cosine), [2, 1 + 0.5.squareRoot(), 1, 1 - 0.5.squareRoot()]) {
            #expect(abs(rate - wanted) < 1e-15)
        }
    }

    /// Steps on batches in the order of the data, against momentum and decay in plain Double.
    @Test(arguments: NetworkBackend.available)
    func stepsOfAnEpoch(on backend: NetworkBackend) throws {
        let backend = try backend.make()
        var plan = Self.plan
        plan.shuffleSeed = nil
        let data = Self.data(17)
        var training = try Training(Self.network(backend, .float64), on: data, plan: plan)
        let epochs = [try training.runEpoch(), try training.runEpoch()]

        let reference = try Self.network(backend, .float64)
        var parameters = try backend.download(reference.parameters)
        var velocity = [Double](repeating: 0, count: parameters.count)
        let gradient = try backend.allocate(parameters.count, .float64)
        for epoch in epochs {
            var losses: [Double] = []
            for range in [0..<7, 7..<14, 14..<17] {
                let points = try backend.upload(data.points[range].elements, as: .float64)
                let targets = try backend.upload(data.targets[range].elements, as: .float64)
                let evaluation = try reference.evaluate(points, count: range.count)
                let values = try evaluation.loss(.mse, targets: targets)
                losses += values.losses
                try evaluation.parameterGradient(cotangents: values.cotangents, into: gradient)
                for (index, slope) in try backend.download(gradient).enumerated() {
                    velocity[index] = 0.9 * velocity[index] + slope + 1e-3 * parameters[index]
                    parameters[index] -= epoch.learningRate * velocity[index]
                }
                try backend.write(parameters, to: reference.parameters)
            }
            #expect(abs(epoch.loss - losses.reduce(0, +) / 17) < 1e-12)
        }
        #expect(epochs.map(\.number) == [0, 1])
        #expect(Distance.relative(try backend.download(training.network.parameters), to: parameters) < 1e-12)
    }

    /// Predictions come in the order of the data, whatever the order of the steps.
    @Test func predictionsKeepTheirPlaces() throws {
        let backend = try NetworkBackend.cpu.make()
        var plan = Self.plan
        plan.learningRate = 0
        var training = try Training(Self.network(backend, .float64), on: Self.data(17), plan: plan)
        let epoch = try training.runEpoch()
        let wanted = try training.network.predictions(at: Self.data(17).points)
        #expect(Distance.relative(epoch.predictions.elements, to: wanted.elements) < 1e-14)
    }

    /// Stopped after any epoch and begun anew from the checkpoint: the same bits as without a stop.
    @Test(arguments: NetworkBackend.available, Precision.allCases)
    func goingOnFromACheckpoint(on backend: NetworkBackend, precision: Precision) throws {
        let backend = try backend.make()
        let folder = try TemporaryFolder()
        let path = folder("checkpoint.npy")
        var whole = try Training(Self.network(backend, precision), on: Self.data(17), plan: Self.plan)
        for stop in 1..<Self.plan.epochs {
            _ = try whole.runEpoch()
            try whole.save(to: path)
            var rest = try Training(Self.network(backend, precision), on: Self.data(17), plan: Self.plan)
            try rest.restore(from: path)
            #expect(rest.epoch == stop)
            var unbroken = try Training(Self.network(backend, precision), on: Self.data(17), plan: Self.plan)
            for _ in 0..<Self.plan.epochs { _ = try unbroken.runEpoch() }
            while rest.epoch < Self.plan.epochs { _ = try rest.runEpoch() }
            let found = try backend.download(rest.network.parameters)
            #expect(found == (try backend.download(unbroken.network.parameters)))
        }
    }

    /// What is looked at between two steps is what the next one starts from, and its batch can be had again.
    @Test func stepsAreAnnounced() throws {
        let backend = try NetworkBackend.cpu.make()
        let data = Self.data(17)
        var training = try Training(Self.network(backend, .float64), on: data, plan: Self.plan)
        var (steps, losses) = ([Int](), [Double]())
        var epochs: [Training.Epoch] = []
        for _ in 0..<2 {
            let network = training.network
            epochs.append(
                try training.runEpoch { step in
                    steps.append(step)
                    let (batch, indices, position) = data.batch(at: step, Self.plan)
                    #expect(position == step / 3 * 17 + step % 3 * 7 && batch.labels == indices.map { data.labels[$0] })
                    let points = try backend.upload(batch.points.elements, as: .float64)
                    let targets = try backend.upload(batch.targets.elements, as: .float64)
                    losses += try network.evaluate(points, count: indices.count).loss(.mse, targets: targets).losses
                })
        }
        #expect(steps == Array(0..<6))
        for (epoch, part) in zip(epochs, [losses[..<17], losses[17...]]) {
            #expect(abs(epoch.loss - part.reduce(0, +) / 17) < 1e-12)
        }
        // The cosine schedule of four epochs, three steps each.
        let rates = (0..<4).map { LearningRateSchedule.cosine.rate(0.2, epoch: $0, of: 4) }
        var plan = Self.plan
        plan.momentum = 0
        #expect(plan.time(epochs: 0, of: 17) == 0)
        #expect(abs(plan.time(epochs: 2, of: 17) - 3 * (rates[0] + rates[1])) < 1e-12)
    }

    /// With momentum a slow direction is where gradient flow has it at the plan's time.
    @Test(arguments: [0, 0.5, 0.9]) func time(momentum: Double) {
        let plan = TrainingPlan(
            epochs: 40, batchSize: 7, learningRate: 0.2, schedule: .cosine, momentum: momentum, loss: .mse)
        let slope = 0.001
        var (position, velocity) = (1.0, 0.0)
        for epoch in 0..<30 {
            for _ in 0..<3 {
                velocity = momentum * velocity + slope * position
                position -= plan.schedule.rate(plan.learningRate, epoch: epoch, of: plan.epochs) * velocity
            }
            let flow = exp(-slope * plan.time(epochs: epoch + 1, of: 17))
            #expect(abs(position - flow) < 0.02 * (1 - flow))
        }
    }

    @Test func aCheckpointOfAnotherNet() throws {
        let backend = try NetworkBackend.cpu.make()
        let folder = try TemporaryFolder()
        let path = folder("checkpoint.npy")
        try NPY.write(Tensor(shape: [3], elements: [1.0, 2, 3]), to: path)
        var training = try Training(Self.network(backend, .float32), on: Self.data(5), plan: Self.plan)
        #expect(throws: StorageError.self) { try training.restore(from: path) }
        #expect(throws: StorageError.self) { try training.restore(from: folder("absent.npy")) }
        #expect(training.epoch == 0)
    }

    @Test func aLossThatIsNotFinite() throws {
        let backend = try NetworkBackend.cpu.make()
        var plan = Self.plan
        plan.learningRate = 1e200
        plan.momentum = 0
        var training = try Training(Self.network(backend, .float64), on: Self.data(30), plan: plan)
        #expect(throws: TrainingError.self) { for _ in 0..<4 { _ = try training.runEpoch() } }
    }
}

/// Training on attacked batches.
@Suite struct AdversarialTrainingTests {
    /// One strong feature of ±1 and nine weak ones of ±0.15 with noise: an adversary of 0.3 turns the weak ones round.
    private static func data(_ count: Int, seed: UInt64) -> TrainingSet {
        var generator = SeededGenerator(seed: seed)
        let labels = (0..<count).map { $0 % 2 == 0 ? 1 : -1 }
        let points = labels.flatMap { label -> [Double] in
            let y = Double(label)
            // The strong feature is wrong for every tenth point.
            let strong = Double.random(in: 0..<1, using: &generator) < 0.1 ? -y : y
            return [strong] + (0..<9).map { _ in 0.15 * y + Double.random(in: -0.1...0.1, using: &generator) }
        }
        return TrainingSet(
            points: Tensor(shape: [count, 10], elements: points),
            targets: Tensor(shape: [count, 1], elements: labels.map(Double.init)), labels: labels)
    }

    private static func trained(
        _ backend: any Backend, _ perturbation: (any BatchPerturbation)?
    ) throws -> Network {
        let net = Architecture([
            Dense(weightStd: 1.4, biasStd: 0.1), Relu(), Dense(weightStd: 1.4, biasStd: 0.1),
        ])
        let plan = try NetworkPlan(
            net, input: ImageShape(channels: 10), outputs: 1, widths: .uniform(32), parameterization: .standard)
        let network = try Network(
            plan, parameters: plan.initialParameters(.he, seed: 1), backend: backend, precision: .float32)
        var training = try Training(
            network, on: data(200, seed: 1),
            plan: TrainingPlan(epochs: 30, batchSize: 50, learningRate: 0.1, shuffleSeed: 2),
            perturbation: perturbation)
        for _ in 0..<30 { _ = try training.runEpoch() }
        return network
    }

    private static let threat = ThreatModel(eps: 0.3, box: nil)

    private static func robustAccuracy(_ network: Network) throws -> Double {
        let test = data(200, seed: 9)
        let examples = try PGD(steps: 20).perturb(
            AttackBatch(points: test.points, labels: test.labels), of: network, within: threat,
            control: AttackControl())
        return Labels.accuracy(examples.predictions.elements, outputs: 1, labels: test.labels)
    }

    @Test(arguments: NetworkBackend.available)
    func robustness(on backend: NetworkBackend) throws {
        let backend = try backend.make()
        let standard = try Self.trained(backend, nil)
        let adversarial = try Self.trained(backend, AttackPerturbation(PGD(steps: 20), within: Self.threat))
        // Standard training leans on the weak features; adversarial training keeps to the strong one, right in 90 %.
        let (before, after) = (try Self.robustAccuracy(standard), try Self.robustAccuracy(adversarial))
        #expect(after > 0.8, "robust accuracy \(after)")
        #expect(before < after - 0.2, "robust accuracy \(before) of standard training")
    }

    @Test func mixtures() throws {
        let backend = try NetworkBackend.cpu.make()
        let network = try Self.trained(backend, nil)
        let data = Self.data(10, seed: 4)
        func perturbed(_ share: Double) throws -> [Double] {
            try AttackPerturbation(FGSM(), within: Self.threat, share: share).perturb(
                data.points, labels: data.labels, position: 0, of: network
            ).elements
        }
        #expect(try perturbed(0) == data.points.elements)
        let half = try perturbed(0.5)
        #expect(half[50...] == data.points.elements[50...])
        let distances = zip(half, data.points.elements).prefix(50).map { abs($0 - $1) }
        #expect(distances.allSatisfy { $0 <= 0.3 + 1e-7 } && distances.contains { $0 > 0.29 })
    }
}

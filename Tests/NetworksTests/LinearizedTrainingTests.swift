import Attacks
import Compute
import Foundation
import Storage
import StorageTestSupport
import TangentKernels
import TestSupport
import Testing

@testable import Networks

/// Training that goes on with a tangent model, and that stops and goes on with everything that has a state.
@Suite struct LinearizedTrainingTests {
    private static let image = ImageShape(height: 4, width: 5, channels: 2)
    private static let convolution = Conv(filter: (3, 3), weightStd: 1.4, biasStd: 0.3)
    private static let dense = Dense(weightStd: 1.4, biasStd: 0.1)
    private static let net = Architecture([
        convolution, Relu(), MaxPool(window: (2, 2), stride: (2, 2)), Flatten(), dense,
    ])
    /// Linear in its parameters, not in more than them.
    private static let linearNet = Architecture([MaxPool(window: (2, 2), stride: (2, 2)), convolution, GlobalAvgPool()])

    private static let plan = TrainingPlan(
        epochs: 4, batchSize: 7, learningRate: 0.1, schedule: .cosine, momentum: 0.9, weightDecay: 1e-3,
        loss: .crossEntropy, shuffleSeed: 11)

    private static func data() -> TrainingSet {
        let points = RandomArchitecture.inputs(17, image.count, seed: 3, scale: 1...1)
        let labels = (0..<17).map { $0 * 7 % 3 }
        let targets = labels.flatMap { label in (0..<3).map { $0 == label ? 1.0 : 0 } }
        return TrainingSet(points: points, targets: Tensor(shape: [17, 3], elements: targets), labels: labels)
    }

    private static let perturbation = AttackPerturbation(
        PGD(steps: 3, restarts: 2, randomStart: true, seed: 5), within: ThreatModel(eps: 0.05, box: nil), share: 0.7)

    private static func training(
        _ architecture: Architecture, _ backend: any Backend, _ precision: Precision, isAdversarial: Bool
    ) throws -> Training {
        let plan = try NetworkPlan(architecture, input: image, outputs: 3, widths: .uniform(6))
        let network = try Network(
            plan, parameters: plan.initialParameters(.ntk, seed: 1), backend: backend, precision: precision)
        return try Training(
            network, on: data(), plan: Self.plan, perturbation: isAdversarial ? perturbation : nil)
    }

    /// A net that is linear in its parameters is its own tangent model.
    @Test(arguments: NetworkBackend.available, [false, true])
    func aLinearNet(on backend: NetworkBackend, isAdversarial: Bool) throws {
        let backend = try backend.make()
        var net = try Self.training(Self.linearNet, backend, .float64, isAdversarial: isAdversarial)
        var model = try Self.training(Self.linearNet, backend, .float64, isAdversarial: isAdversarial)
        _ = try net.runEpoch()
        _ = try model.runEpoch()
        try model.linearize(isCentred: false)
        while net.epoch < Self.plan.epochs {
            let (wanted, found) = (try net.runEpoch(), try model.runEpoch())
            #expect(found.number == wanted.number)
            #expect(abs(found.loss - wanted.loss) < 1e-13)
        }
        let wanted = try backend.download(net.network.parameters)
        #expect(Distance.relative(try backend.download(model.network.parameters), to: wanted) < 1e-13)
    }

    /// The first step, taken where the tangent touches, is the net's own bit for bit; later ones are not.
    @Test(arguments: NetworkBackend.available, [false, true])
    func theFirstStep(on backend: NetworkBackend, isAdversarial: Bool) throws {
        let backend = try backend.make()
        func epochs(_ isLinearized: Bool, batches: Int) throws -> [Double] {
            var training = try Self.training(Self.net, backend, .float64, isAdversarial: isAdversarial)
            _ = try training.runEpoch()
            if isLinearized { try training.linearize(isCentred: false) }
            let data = Self.data()
            let descent = try GradientDescent(training.network, loss: .crossEntropy, momentum: 0.9)
            for _ in 0..<batches {
                let points =
                    try isAdversarial
                    ? Self.perturbation.perturb(data.points, labels: data.labels, position: 17, of: training.network)
                    : data.points
                _ = try descent.step(
                    points: backend.upload(points.elements, as: .float64),
                    targets: backend.upload(data.targets.elements, as: .float64), count: 17, rate: 0.5)
            }
            return try backend.download(training.network.parameters)
        }
        #expect(try epochs(true, batches: 1) == epochs(false, batches: 1))
        #expect(try epochs(true, batches: 2) != epochs(false, batches: 2))
    }

    /// A centred model predicts 0 until it moves, and learns.
    @Test(arguments: NetworkBackend.available)
    func centred(on backend: NetworkBackend) throws {
        var training = try Self.training(Self.net, backend.make(), .float64, isAdversarial: false)
        _ = try training.runEpoch()
        try training.linearize(isCentred: true)
        let points = Self.data().points
        #expect(try training.network.predictions(at: points).elements.allSatisfy { $0 == 0 })
        let first = try training.runEpoch()
        while training.epoch < Self.plan.epochs { _ = try training.runEpoch() }
        let last = try #require(try? training.runEpoch())
        #expect(last.loss < first.loss)
    }

    /// Stopped after any epoch and begun anew from the checkpoint: the same file as without a stop, with momentum, decay,
    /// a schedule, shuffling, attacks from random starts on a part of each batch, and a tangent model from epoch 2 on.
    @Test(arguments: NetworkBackend.available, Precision.allCases)
    func goingOnFromACheckpoint(on backend: NetworkBackend, precision: Precision) throws {
        let backend = try backend.make()
        let folder = try TemporaryFolder()
        for isCentred in [nil, false, true] {
            func epoch(_ training: inout Training) throws {
                if let isCentred, training.epoch == 2, training.network.tangentPoint == nil {
                    try training.linearize(isCentred: isCentred)
                }
                _ = try training.runEpoch()
            }
            func fresh() throws -> Training {
                try Self.training(Self.net, backend, precision, isAdversarial: true)
            }
            var whole = try fresh()
            while whole.epoch < Self.plan.epochs {
                try epoch(&whole)
                try whole.save(to: folder("\(whole.epoch).npy"))
            }
            let wanted = try Data(contentsOf: URL(filePath: folder("\(Self.plan.epochs).npy")))
            for stop in 1..<Self.plan.epochs {
                var rest = try fresh()
                try rest.restore(from: folder("\(stop).npy"))
                #expect(rest.epoch == stop && (rest.network.tangentPoint != nil) == (isCentred != nil && stop > 2))
                while rest.epoch < Self.plan.epochs { try epoch(&rest) }
                try rest.save(to: folder("rest.npy"))
                #expect(try Data(contentsOf: URL(filePath: folder("rest.npy"))) == wanted, "stopped after \(stop)")
            }
        }
    }
}

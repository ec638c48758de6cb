import Attacks
import Compute
import Networks
import TangentKernels

/// Images per second of training a finite net: one epoch, on clean images or on such as an attack makes of them at every
/// step.
struct TrainingBenchmark: Benchmark {
    let name: String
    let plan: NetworkPlan
    let images: Int
    /// Of PGD before each step; 0 for training on clean images.
    let attackSteps: Int

    var unit: String { "images" }
    var work: Int { images }
    var flops: Double {
        // The attack's last prediction stands for nothing but its own judgement, and so does not count.
        Double(images) * (plan.trainingFlops + Double(attackSteps) * plan.inputGradientFlops)
    }

    static let batchSize = 250

    /// Two dense layers, 4,096 hidden units.
    private static func wide() throws -> NetworkPlan {
        let dense = Dense(weightStd: 2.0.squareRoot(), biasStd: 0.1)
        return try NetworkPlan(
            Architecture([dense, Relu(), dense]), input: ImageShape(channels: 784), outputs: 10,
            widths: .uniform(4096))
    }

    /// The net of adversarial training: conv 32, 32, max-pool, 64, 64, 128, 128, average-pool, dense 10.
    private static func conv() throws -> NetworkPlan {
        func block(_ width: Int) -> [any Layer] {
            (0..<2).flatMap { _ in
                [Conv(filter: (3, 3), weightStd: 1, biasStd: 0.1, width: width), Relu()] as [any Layer]
            }
        }
        let layers =
            block(32) + [MaxPool(window: (2, 2), stride: (2, 2))] + block(64) + block(128)
            + [AvgPool(window: (2, 2), stride: (2, 2)), Flatten(), Dense(weightStd: 1, biasStd: 0.1)]
        return try NetworkPlan(
            Architecture(layers), input: ImageShape(height: 32, width: 32, channels: 3), outputs: 10,
            widths: .each([]), parameterization: .standard)
    }

    static func all(images: Int?) throws -> [TrainingBenchmark] {
        [
            TrainingBenchmark(name: "train-wide-784", plan: try wide(), images: images ?? 5_000, attackSteps: 0),
            TrainingBenchmark(name: "train-conv-32x32x3", plan: try conv(), images: images ?? 500, attackSteps: 0),
            TrainingBenchmark(
                name: "train-conv-adv-32x32x3", plan: try conv(), images: images ?? 250, attackSteps: 20),
        ]
    }

    func prepare(on backend: any Backend, _ precision: Precision) throws -> @Sendable () async throws -> Void {
        let network = try Network(
            plan, parameters: plan.initialParameters(.lecun, seed: 0), backend: backend, precision: precision)
        let outputs = plan.outputs
        var generator = SplitMix64(1)
        let labels = (0..<images).map { _ in Int.random(in: 0..<outputs, using: &generator) }
        let data = TrainingSet(
            points: RandomInputs.uniform([images, plan.input.count], seed: 0),
            targets: TrainingSet.targets(labels, outputs: outputs), labels: labels)
        let attack =
            attackSteps > 0
            ? AttackPerturbation(PGD(steps: attackSteps, stepSize: 2.0 / 255), within: ThreatModel(eps: 8.0 / 255))
            : nil
        let training = TrainingPlan(epochs: 1, batchSize: Self.batchSize, learningRate: 1e-2)
        return {
            var epoch = try Training(network, on: data, plan: training, perturbation: attack)
            _ = try epoch.runEpoch()
        }
    }
}

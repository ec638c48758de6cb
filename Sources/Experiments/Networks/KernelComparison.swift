import Attacks
import Compute
import Foundation
import Inference
import Networks
import Scheduling
import TangentKernels

extension NetworkStages {
    /// Numbers of epochs behind which the net is compared with its kernel; before training both are 0.
    var comparedEpochs: [Int] {
        guard let kernel = section.kernel else { return [] }
        return Set(kernel.epochs ?? Array(0...training.epochs)).subtracting([0]).sorted()
    }
}

extension RunStages {
    /// Records of the key `kernel` of an item of `networks`.
    /// - Parameter nets: of the item, one for each seed.
    func kernelComparison(_ nets: [NetworkStages]) async throws -> [ResultRecord] {
        guard let first = nets.first, let section = first.section.kernel, !first.comparedEpochs.isEmpty else {
            return []
        }
        let name = first.subject.name
        return try await once("kernel beside \(name)") {
            let program = try program(of: first.section.model, at: "networks.\(first.subject.place).model")
            let gram = try await self.gram(first.section.model, program, .ntk, label: name)
            let regression = try KernelRegression(
                gram: gram, targets: dataset.trainTargets, options: .init(lossNormalization: .none),
                spectrum: try spectrum(gram, count: gram.rows))
            let comparison = KernelComparison(
                section: section, nets: nets, regression: regression,
                training: try backends[0].prepare(program, inputs: dataset.trainInputs, precision))
            return try comparison.execute()
        }
    }
}

/// Finite nets and the infinitely wide one at the same time of training: what the loss gradients have in common, and
/// what the attacks on one do to the other.
///
/// Gradient descent on the mean squared error of n points moves a wide net as `ḟ = −Θ(·, X) (f − Y) / n` per unit of
/// Σ η, so that the kernel's time is Σ η / n in eq. 7. Momentum μ only makes time pass faster, by up to 1 / (1 − μ), for
/// all directions that learn slowly; see ``TrainingPlan/time(epochs:of:)``.
///
/// Source: Tsilivis & Kempe 2022, section 3.2 and figure 4.
struct KernelComparison {
    let section: NetworkKernelSection
    /// One for each seed.
    let nets: [NetworkStages]
    let regression: KernelRegression
    let training: CovarianceInputs

    private var first: NetworkStages { nets[0] }
    private var stages: RunStages { first.stages }
    private var points: Tensor<Double> {
        stages.dataset.testInputs[0..<min(section.points, stages.dataset.testInputs.count)]
    }

    func execute() throws -> [ResultRecord] {
        guard let labels = stages.attackLabels.map({ Array($0[..<points.count]) }) else {
            preconditionFailure("test points without labels")
        }
        let epochs = first.comparedEpochs
        let progress = StepProgress(
            ProgressLine(label: "kernel beside \(first.subject.name)", item: "epochs", unit: "epochs"),
            total: epochs.count, stages.journal)
        var records: [ResultRecord] = []
        for epoch in epochs {
            try Task.checkCancellation()
            records += try compare(epoch, labels)
            progress.add(1)
        }
        return records
    }

    /// All nets behind some epochs.
    private func compare(_ epoch: Int, _ labels: [Int]) throws -> [ResultRecord] {
        let time = first.training.time(epochs: epoch, of: stages.dataset.trainInputs.count)
        let kernel = try KernelPredictor(
            .ntk, training: training,
            weights: try regression.weights(at: time / Double(stages.dataset.trainInputs.count)),
            backend: stages.backends[0], memoryLimit: stages.blockMemory)
        let kernelSide = try ComparedModel(kernel, points, labels, section.attack, seed: stages.configuration.seed)
        return try nets.map { net in
            let network = try net.network(step: epoch * net.length, on: net.backend, net.precision)
            let model = try net.predictor(network)
            let netSide = try ComparedModel(model, points, labels, section.attack, seed: stages.configuration.seed)
            let cosines = netSide.cosines(with: kernelSide)
            let mean = cosines.isEmpty ? nil : cosines.reduce(0, +) / Double(cosines.count)
            return ResultRecord(
                fields: [.init("kind", .text(RecordKind.comparison.rawValue))] + net.subject.fields + [
                    .init("epoch", .integer(epoch)), .init("time", .number(time)),
                    .init("attack", .text(section.attack.name.rawValue)),
                    .init("norm", .text(section.attack.norm.rawValue)), .init("eps", .number(section.attack.eps[0])),
                    .init("count", .integer(points.count)), .init("compared", .integer(cosines.count)),
                    .init("mean_cosine", .optional(mean)), .init("min_cosine", .optional(cosines.min())),
                    .init("network_accuracy", .number(netSide.accuracy(of: netSide.clean))),
                    .init("network_robust_accuracy", .number(netSide.accuracy(of: netSide.attacked))),
                    .init(
                        "network_accuracy_under_kernel_attack",
                        .number(netSide.accuracy(of: try model.predictions(at: kernelSide.examples)))),
                    .init("kernel_accuracy", .number(kernelSide.accuracy(of: kernelSide.clean))),
                    .init("kernel_robust_accuracy", .number(kernelSide.accuracy(of: kernelSide.attacked))),
                    .init(
                        "kernel_accuracy_under_network_attack",
                        .number(kernelSide.accuracy(of: try kernel.predictions(at: netSide.examples)))),
                ])
        }
    }
}

/// A model at some points: predictions, loss gradients, and what an attack makes of them.
private struct ComparedModel {
    /// Predictions at the points, and at the examples.
    let clean: Tensor<Double>
    let attacked: Tensor<Double>
    /// Adversarial points.
    let examples: Tensor<Double>
    /// Gradients of the attack's loss, [m, d], each up to a positive factor.
    let gradients: Tensor<Double>
    private let labels: [Int]

    init(
        _ model: any AttackedModel, _ points: Tensor<Double>, _ labels: [Int], _ attack: AttackSection, seed: Int
    ) throws {
        self.labels = labels
        gradients = try model.allLossGradients(at: points, labels: labels, attack.loss)
        let results = try attack.evaluation(of: model, seed: seed).run(points: points, labels: labels, model: model)
        guard let result = results.first else { preconditionFailure("an attack without a radius") }
        clean = result.examples.cleanPredictions
        attacked = result.examples.predictions
        examples = result.examples.points
    }

    func accuracy(of predictions: Tensor<Double>) -> Double {
        Labels.accuracy(predictions.elements, outputs: predictions.stride, labels: labels)
    }

    /// Cosines of the loss gradients, of the points where both have one.
    func cosines(with other: ComparedModel) -> [Double] {
        GradientCosines.of(gradients, other.gradients, count: gradients.count)
    }
}

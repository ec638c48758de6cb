import Attacks
import Compute
import Experiments
import TangentKernels

/// An attack on a kernel regression with given weights, end to end: adversarial points in host memory.
struct AttackBenchmark: Benchmark {
    let name: String
    let net: BenchmarkNet
    let points: Int
    let count: Int
    /// k; 1 for a binary task.
    let outputs: Int
    let steps: Int

    var unit: String { "pairs" }
    /// Pairs of a point and a training input, for every gradient.
    var work: Int { points * count * steps }
    var flops: Double { Double(work) * net.gradientFlopsPerPair(cotangents: 1) }

    static func all() throws -> [AttackBenchmark] {
        [
            AttackBenchmark(
                name: "fgsm-fc3-784", net: try .fc(3, 784), points: 500, count: 10_000, outputs: 1, steps: 1),
            AttackBenchmark(
                name: "fgsm10-fc3-784", net: try .fc(3, 784), points: 500, count: 10_000, outputs: 10, steps: 1),
            AttackBenchmark(
                name: "pgd20-fc3-784", net: try .fc(3, 784), points: 500, count: 10_000, outputs: 1, steps: 20),
            AttackBenchmark(
                name: "pgd20-conv5-28x28x1", net: try .conv(5, 28, 1, isPooled: false), points: 16, count: 512,
                outputs: 1, steps: 20),
        ]
    }

    func sized(points: Int?, count: Int?) -> AttackBenchmark {
        AttackBenchmark(
            name: name, net: net, points: points ?? self.points, count: count ?? self.count, outputs: outputs,
            steps: steps)
    }

    func prepare(on backend: any Backend, _ precision: Precision) throws -> @Sendable () async throws -> Void {
        let shape = [net.height, net.width, net.channels]
        let training = try backend.prepare(
            try net.program(), inputs: RandomInputs.uniform([count] + shape, seed: 1), precision)
        let weights = RandomInputs.normal([count, outputs], seed: 2).map { $0 / Double(count).squareRoot() }
        let predictor = try KernelPredictor(.ntk, training: training, weights: weights, backend: backend)
        let inputs = RandomInputs.uniform([points] + shape, seed: 0)
        var generator = SplitMix64(3)
        let labels = (0..<points).map { _ in
            outputs == 1 ? Bool.random(using: &generator) ? 1 : -1 : Int.random(in: 0..<outputs, using: &generator)
        }
        guard steps > 1 else { return { try fgsm(inputs, labels, predictor) } }
        return {
            _ = try PGD(steps: steps).perturb(
                AttackBatch(points: inputs, labels: labels), of: predictor, within: ThreatModel(eps: 0.1),
                control: AttackControl())
        }
    }

    /// The attack alone: one prediction, one gradient, one step. The evaluation at the points found is left out.
    private func fgsm(_ inputs: Tensor<Double>, _ labels: [Int], _ predictor: KernelPredictor) throws {
        let backend = predictor.backend
        let origin = try backend.upload(inputs.elements, as: predictor.precision)
        let point = try backend.upload(inputs.elements, as: predictor.precision)
        let linearized = try predictor.linearized(point, count: points)
        let objective = AttackObjective(loss: .crossEntropy)
        var cotangents: [Double] = []
        for (place, label) in labels.enumerated() {
            let outputs = linearized.predictions.elements[place * self.outputs..<(place + 1) * self.outputs]
            cotangents += objective.derivative(outputs, label: label)
        }
        let gradient = try linearized.inputGradient(
            cotangents: Tensor(shape: [points, outputs], elements: cotangents))
        try backend.run(
            .signStep(point: point, origin: origin, gradient: gradient, stepSize: 0.1, eps: 0.1, box: 0...1))
        _ = try backend.download(point)
    }
}

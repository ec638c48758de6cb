import Compute
import Storage

/// A net on its way: epochs one after the other, each from the state the former has left.
///
/// The same plan, data, net and perturbation on the same device give the same bits, also where training was stopped
/// after an epoch and went on from a checkpoint.
package struct Training {
    /// What an epoch has to tell.
    package struct Epoch: Sendable {
        /// Counted from 0.
        package let number: Int
        package let learningRate: Double
        /// Mean loss of the points as they were trained on, each before the step of its batch.
        package let loss: Double
        /// The outputs there, in the order of the data, [n, k].
        package let predictions: Tensor<Double>
    }

    package let plan: TrainingPlan
    package let data: TrainingSet
    package let network: Network
    /// nil trains on the points as they are.
    package let perturbation: (any BatchPerturbation)?
    /// Epochs that are done.
    package private(set) var epoch = 0
    private let descent: GradientDescent

    package init(
        _ network: Network, on data: TrainingSet, plan: TrainingPlan, perturbation: (any BatchPerturbation)? = nil
    ) throws(ComputeError) {
        precondition(
            data.targets.stride == network.plan.outputs && data.points.stride == network.plan.input.count,
            "points \(data.points.shape) and targets \(data.targets.shape) for another net")
        self.network = network
        self.data = data
        self.plan = plan
        self.perturbation = perturbation
        descent = try GradientDescent(
            network, loss: plan.loss, momentum: plan.momentum, weightDecay: plan.weightDecay)
    }

    /// One pass over the data.
    /// - Throws: `ComputeError`, ``TrainingError`` where the loss is not finite, and what the perturbation throws.
    package mutating func runEpoch() throws -> Epoch {
        let (count, outputs, backend) = (data.points.count, network.plan.outputs, network.backend)
        let rate = plan.schedule.rate(plan.learningRate, epoch: epoch, of: plan.epochs)
        let order = self.order
        var sum = 0.0
        var predictions = [Double](repeating: 0, count: count * outputs)
        for first in stride(from: 0, to: count, by: plan.batchSize) {
            let indices = order[first..<min(first + plan.batchSize, count)]
            let batch = data.batch(indices)
            let points =
                try perturbation?.perturb(
                    batch.points, labels: batch.labels, position: epoch * count + first, of: network) ?? batch.points
            let result = try descent.step(
                points: backend.upload(points.elements, as: network.precision),
                targets: backend.upload(batch.targets.elements, as: network.precision), count: indices.count,
                rate: rate)
            for (row, index) in indices.enumerated() {
                sum += result.losses[row]
                for c in 0..<outputs {
                    predictions[index * outputs + c] = result.predictions.elements[row * outputs + c]
                }
            }
            guard sum.isFinite else {
                throw TrainingError(
                    "the loss is not finite in epoch \(epoch), batch \(first / plan.batchSize): lower the learning "
                        + "rate (now \(rate))")
            }
        }
        defer { epoch += 1 }
        return Epoch(
            number: epoch, learningRate: rate, loss: sum / Double(max(count, 1)),
            predictions: Tensor(shape: [count, outputs], elements: predictions))
    }

    /// The points' order in the present epoch.
    private var order: [Int] {
        let indices = Array(0..<data.points.count)
        guard let seed = plan.shuffleSeed else { return indices }
        var generator = SplitMix64(seed, UInt64(epoch))
        return indices.shuffled(using: &generator)
    }

    // MARK: Checkpoints

    /// Writes epoch, parameters and velocity, [1 + 2 · parameters] in float64; the file appears whole or not at all.
    package func save(to path: String) throws {
        let numbers =
            [Double(epoch)] + (try network.backend.download(network.parameters))
            + (try network.backend.download(descent.velocity))
        try NPY.write(Tensor(shape: [numbers.count], elements: numbers), to: path)
    }

    /// Goes on from what ``save(to:)`` has written for the same net.
    /// - Throws: `StorageError` where the file is missing, damaged or of another net.
    package mutating func restore(from path: String) throws {
        let count = network.plan.parameterCount
        guard case .floating(let tensor, .float64) = try NPY.read(path), tensor.shape == [1 + 2 * count],
            let saved = Int(exactly: tensor.elements[0]), saved >= 0
        else {
            throw StorageError(
                .damaged, path: path, failure: "is no checkpoint of this net",
                reason: "it should hold an epoch and twice \(count) parameters", advice: "remove it to begin anew")
        }
        try network.set(Array(tensor.elements[1...count]), in: network.parameters)
        try network.set(Array(tensor.elements[(1 + count)...]), in: descent.velocity)
        epoch = saved
    }
}

extension Network {
    /// Overwrites a buffer of the net's precision.
    fileprivate func set(_ numbers: [Double], in buffer: Buffer) throws(ComputeError) {
        switch precision {
        case .float32: try backend.write(numbers.rounded(), to: buffer)
        case .float64: try backend.write(numbers, to: buffer)
        }
    }
}

/// Why training cannot go on. One sentence.
package struct TrainingError: Error, Sendable, Equatable, CustomStringConvertible {
    package let description: String

    init(_ description: String) { self.description = description }
}

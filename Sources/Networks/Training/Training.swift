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
    /// The net, or its tangent model once training went on with that.
    package private(set) var network: Network
    /// nil trains on the points as they are.
    package let perturbation: (any BatchPerturbation)?
    /// Epochs that are done.
    package private(set) var epoch = 0
    private var descent: GradientDescent

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
    /// - Parameter willStep: called in front of each step with the number of steps that are done, of all epochs; the
    ///   net has the parameters that the step starts from.
    /// - Throws: `ComputeError`, ``TrainingError`` where the loss is not finite, and what the perturbation and
    ///   `willStep` throw.
    package mutating func runEpoch(willStep: (Int) throws -> Void = { _ in }) throws -> Epoch {
        let (count, outputs, backend) = (data.points.count, network.plan.outputs, network.backend)
        let rate = plan.schedule.rate(plan.learningRate, epoch: epoch, of: plan.epochs)
        let length = plan.stepsPerEpoch(count)
        var sum = 0.0
        var predictions = [Double](repeating: 0, count: count * outputs)
        for step in epoch * length..<(epoch + 1) * length {
            try willStep(step)
            let (batch, indices, position) = data.batch(at: step, plan)
            let points =
                try perturbation?.perturb(batch.points, labels: batch.labels, position: position, of: network)
                ?? batch.points
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
                    "the loss is not finite in epoch \(epoch), batch \(step - epoch * length): lower the learning "
                        + "rate (now \(rate))")
            }
        }
        defer { epoch += 1 }
        return Epoch(
            number: epoch, learningRate: rate, loss: sum / Double(max(count, 1)),
            predictions: Tensor(shape: [count, outputs], elements: predictions))
    }

    // MARK: Linearization

    /// Goes on with the tangent model at the present parameters, velocity and epoch being kept. While its parameters are
    /// where they are now, the model that is not centred takes the steps that the net would take.
    /// - Precondition: the net is not a tangent model yet.
    package mutating func linearize(isCentred: Bool) throws(ComputeError) {
        precondition(network.tangentPoint == nil, "a tangent model of a tangent model")
        let velocity = try network.backend.download(descent.velocity)
        try replace(network.linearized(isCentred: isCentred), velocity: velocity)
    }

    private mutating func replace(_ network: Network, velocity: [Double]) throws(ComputeError) {
        self.network = network
        descent = try GradientDescent(
            network, loss: plan.loss, momentum: plan.momentum, weightDecay: plan.weightDecay, velocity: velocity)
    }

    // MARK: Checkpoints

    /// The file appears whole or not at all.
    package func save(to path: String) throws {
        let backend = network.backend
        try TrainingCheckpoint(
            epoch: epoch, parameters: backend.download(network.parameters),
            velocity: backend.download(descent.velocity),
            tangentPoint: network.tangentPoint.map { ($0.isCentred, try backend.download($0.parameters)) }
        ).write(to: path)
    }

    /// Goes on from what ``save(to:)`` has written for the same net, be it the net or a tangent model of it.
    /// - Throws: `StorageError` where the file is missing, damaged or of another net.
    package mutating func restore(from path: String) throws {
        let saved = try TrainingCheckpoint(path, parameterCount: network.plan.parameterCount)
        if network.tangentPoint == nil, saved.tangentPoint == nil {
            try network.set(saved.parameters, in: network.parameters)
            try network.set(saved.velocity, in: descent.velocity)
        } else {
            let restored = try Network(
                network.plan, parameters: saved.parameters, backend: network.backend, precision: network.precision,
                tangentAt: saved.tangentPoint.map { ($0.parameters, isCentred: $0.isCentred) })
            try replace(restored, velocity: saved.velocity)
        }
        epoch = saved.epoch
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

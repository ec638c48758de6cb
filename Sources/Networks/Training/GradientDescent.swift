import Compute

/// Stochastic gradient descent on the parameters of one net: `v ← μ v + ∇L + λ p`, `p ← p − η v`.
///
/// λ decays all parameters, biases included.
package final class GradientDescent: Sendable {
    package let network: Network
    package let loss: TrainingLoss
    /// μ, ≥ 0.
    package let momentum: Double
    /// λ, ≥ 0.
    package let weightDecay: Double
    /// v, [parameters].
    package let velocity: Buffer
    private let gradient: Buffer

    /// - Parameter velocity: [parameters]; nil for rest.
    package init(
        _ network: Network, loss: TrainingLoss, momentum: Double = 0, weightDecay: Double = 0,
        velocity: [Double]? = nil
    ) throws(ComputeError) {
        let count = network.plan.parameterCount
        precondition(velocity.map { $0.count == count } ?? true, "a velocity of \(velocity?.count ?? 0) numbers")
        self.network = network
        self.loss = loss
        self.momentum = momentum
        self.weightDecay = weightDecay
        self.velocity = try network.backend.upload(
            velocity ?? [Double](repeating: 0, count: count), as: network.precision)
        gradient = try network.backend.allocate(count, network.precision)
    }

    /// One step on a batch.
    /// - Parameters:
    ///   - points: [count, …].
    ///   - targets: [count, k].
    ///   - rate: η.
    /// - Returns: losses and predictions before the step.
    /// - Complexity: three times the flops of a forward pass.
    package func step(
        points: Buffer, targets: Buffer, count: Int, rate: Double
    ) throws(ComputeError) -> (losses: [Double], predictions: Tensor<Double>) {
        let evaluation = try network.evaluate(points, count: count)
        let values = try evaluation.loss(loss, targets: targets)
        let predictions = try evaluation.predictions()
        try evaluation.parameterGradient(cotangents: values.cotangents, into: gradient)
        try network.backend.run(
            .sgd(
                parameters: network.parameters, velocity: velocity, gradient: gradient, rate: rate,
                momentum: momentum, decay: weightDecay))
        return (values.losses, predictions)
    }
}

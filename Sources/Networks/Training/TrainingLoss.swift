import Compute

/// What training makes small: the mean over the points of a batch.
package enum TrainingLoss: String, Sendable, CaseIterable, Codable {
    /// Softmax cross-entropy of one-hot targets; for one output the logistic loss of targets ±1.
    case crossEntropy = "cross_entropy"
    /// Σ_c (f_c − y_c)² / 2.
    case mse
}

/// A loss at the points of a batch.
package struct LossValues: Sendable {
    /// Per point, [m].
    package let losses: [Double]
    /// The derivative of the mean in the outputs, [m, k], on the device.
    package let cotangents: Buffer
}

extension NetworkEvaluation {
    /// - Parameter targets: [m, k] in the net's precision.
    package func loss(_ loss: TrainingLoss, targets: Buffer) throws(ComputeError) -> LossValues {
        let (backend, classes) = (network.backend, network.plan.outputs)
        let losses = try backend.allocate(count, network.precision)
        let cotangents = try backend.allocate(count * classes, network.precision)
        let scale = 1 / Double(count)
        let operation: Operation =
            switch loss {
            case .crossEntropy:
                .crossEntropy(
                    losses: losses, gradient: cotangents, outputs: outputBuffer, targets: targets, classes: classes,
                    scale: scale, count: count)
            case .mse:
                .squaredError(
                    losses: losses, gradient: cotangents, outputs: outputBuffer, targets: targets, classes: classes,
                    scale: scale, count: count)
            }
        try backend.run(operation)
        return LossValues(losses: try backend.download(losses), cotangents: cotangents)
    }
}

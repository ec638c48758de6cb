import Compute

/// What is done to the points of a batch before a step of training, e.g. an attack on the net as it is then.
package protocol BatchPerturbation: Sendable {
    /// - Parameters:
    ///   - points: [b, …].
    ///   - labels: classes, [b].
    ///   - position: of the batch's first point, counted over all epochs: random starts are fresh in every epoch.
    /// - Returns: [b, …].
    func perturb(
        _ points: Tensor<Double>, labels: [Int], position: Int, of network: Network
    ) throws -> Tensor<Double>
}

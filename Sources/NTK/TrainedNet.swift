import Attacks
import Compute
import TangentKernels

/// A trained infinitely wide net: predictions, their gradients in the input, and attacks on them.
///
/// Made by ``InfiniteNet/trained(on:targets:diagReg:time:kind:)``. Calls return when their result is in memory.
public struct TrainedNet: Sendable {
    let predictor: KernelPredictor
    /// Shape of one input: [d] or [H, W, C].
    public let inputShape: [Int]
    /// k: numbers per prediction.
    public var outputs: Int { predictor.outputs }

    /// f(x).
    /// - Parameter points: [m] + `inputShape`.
    /// - Returns: [m, k].
    /// - Complexity: m n pairs.
    public func predictions(at points: Tensor<Double>) throws(ComputeError) -> Tensor<Double> {
        check(points)
        return try predictor.predictions(at: points)
    }

    /// ∇f_c(x) for every output c.
    /// - Parameter points: [m] + `inputShape`.
    /// - Returns: [m, k] + `inputShape`. Where a point and a training point are collinear, Θ has a cone and the
    ///   symmetric derivative is taken.
    /// - Complexity: m n pairs, and 2 m n d k flops.
    public func inputGradients(at points: Tensor<Double>) throws(ComputeError) -> Tensor<Double> {
        check(points)
        return try predictor.gradients(at: points)
    }

    /// The fast gradient method: one step of length ε away from the label.
    ///
    /// Source: Goodfellow et al. 2015.
    /// - Parameters:
    ///   - points: x, [m] + `inputShape`, inside `box`.
    ///   - labels: classes, [m]: −1 or 1 where k = 1, else 0 ..< k.
    ///   - eps: ε, in the unit of the inputs.
    ///   - norm: of the perturbation. A step goes along the sign of the gradient in ℓ∞, along the gradient in ℓ2, along its
    ///     largest 1 % of entries in ℓ1.
    ///   - box: range of every input number; nil for none.
    /// - Returns: x̃, shape of `points`; ‖x̃ − x‖ ≤ ε and the box hold exactly in the net's precision.
    /// - Throws: ``Attacks/AttackError``.
    public func fgsm(
        at points: Tensor<Double>, labels: [Int], eps: Double, norm: ThreatModel.Norm = .linf,
        loss: AttackLoss = .crossEntropy, box: ClosedRange<Double>? = 0...1
    ) throws(AttackError) -> Tensor<Double> {
        try attack(points, labels, FGSM(loss: loss), ThreatModel(norm: norm, eps: eps, box: box))
    }

    /// Projected gradient descent: steps along the gradient at the current point, each projected to the ball of ε and to
    /// the box. Starts at the points themselves.
    ///
    /// Source: Madry et al. 2018; ℓ1: Tramèr & Boneh 2019, Croce & Hein 2021.
    /// - Parameters:
    ///   - points: x, [m] + `inputShape`, inside `box`.
    ///   - labels: classes, [m]: −1 or 1 where k = 1, else 0 ..< k.
    ///   - eps: ε, in the unit of the inputs.
    ///   - norm: of the perturbation. A step goes along the sign of the gradient in ℓ∞, along the gradient in ℓ2, along its
    ///     largest 1 % of entries in ℓ1.
    ///   - stepSize: of one step; nil for 2.5 ε / steps.
    ///   - box: range of every input number; nil for none.
    /// - Returns: x̃, shape of `points`; ‖x̃ − x‖ ≤ ε and the box hold exactly in the net's precision.
    /// - Throws: ``Attacks/AttackError``.
    public func pgd(
        at points: Tensor<Double>, labels: [Int], eps: Double, norm: ThreatModel.Norm = .linf, steps: Int = 20,
        stepSize: Double? = nil, loss: AttackLoss = .crossEntropy, box: ClosedRange<Double>? = 0...1
    ) throws(AttackError) -> Tensor<Double> {
        try attack(
            points, labels, PGD(loss: loss, steps: steps, stepSize: stepSize),
            ThreatModel(norm: norm, eps: eps, box: box))
    }

    private func attack(
        _ points: Tensor<Double>, _ labels: [Int], _ attack: any Attack, _ threat: ThreatModel
    ) throws(AttackError) -> Tensor<Double> {
        check(points)
        precondition(labels.count == points.count, "\(labels.count) labels for \(points.count) points")
        let evaluation = AttackEvaluation(
            attack: attack, norm: threat.norm, eps: [threat.eps], box: threat.box, batchSize: predictor.batchSize)
        let results = try evaluation.run(points: points, labels: labels, model: predictor)
        return results.first?.examples.points ?? points
    }

    private func check(_ points: Tensor<Double>) {
        precondition(
            points.shape.dropFirst().elementsEqual(inputShape),
            "points of shape \(points.shape) for a net that reads \(inputShape)")
    }
}

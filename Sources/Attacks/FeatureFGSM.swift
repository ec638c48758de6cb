import Compute
import TangentKernels

/// FGSM on many features, each on its own: the gradients of all carriers come from one pass over the pairs of a point
/// and a training input, and signs of theirs are all that is needed.
///
/// Source: Tsilivis & Kempe 2022, section 4.
package struct FeatureFGSM: Sendable {
    package let loss: AttackLoss
    /// Radii, ≥ 0.
    package let eps: [Double]
    package let box: ClosedRange<Double>?

    package init(loss: AttackLoss = .crossEntropy, eps: [Double], box: ClosedRange<Double>?) {
        self.loss = loss
        self.eps = eps
        self.box = box
    }

    /// Moves the points of a batch against each feature.
    /// - Parameters:
    ///   - labels: as ``Labels`` counts them, [m].
    ///   - carriers: g of every feature as one predictor with r outputs.
    ///   - factors: u_i of every feature, [r][k].
    ///   - predictions: g at the points, [m, r].
    /// - Returns: x̃, [r, m, …] for each of `eps`.
    /// - Throws: ``AttackError``.
    /// - Complexity: one gradient of r cotangents at m points; r · m · d doubles for each radius.
    package func perturb(
        _ batch: AttackBatch, carriers: KernelPredictor, factors: [[Double]], predictions: Tensor<Double>
    ) throws(AttackError) -> [Tensor<Double>] {
        let (m, r, d) = (batch.points.count, factors.count, batch.points.stride)
        precondition(carriers.outputs == r && predictions.shape == [m, r], "\(r) features, \(predictions.shape)")
        let precision = carriers.precision
        let points = precision == .float32 ? batch.points.elements.rounded().widened() : batch.points.elements
        let classes = try AttackGoal.label.classes(
            batch, Tensor(shape: [m, factors[0].count], repeating: 0), outputs: factors[0].count)
        try batch.check(points, box)
        let gradients = try onDevice { () throws(ComputeError) in try carriers.gradients(at: batch.points) }
        let objective = AttackObjective(loss: loss)
        var origin = [Double](repeating: 0, count: r * m * d)
        var ascent = origin
        for i in 0..<m {
            for feature in 0..<r {
                let u = factors[feature]
                let g = predictions.elements[i * r + feature]
                let direction = objective.direction(u.map { $0 * g }[...], label: classes[i])
                let factor = zip(u, direction).reduce(0.0) { $0 + $1.0 * $1.1 }
                let target = (feature * m + i) * d
                let source = (i * r + feature) * d
                for j in 0..<d {
                    origin[target + j] = points[i * d + j]
                    ascent[target + j] = (factor > 0 ? 1 : factor < 0 ? -1 : 0) * gradients.elements[source + j]
                }
            }
        }
        if let bad = ascent.firstIndex(where: { !$0.isFinite }) {
            throw .gradientNotFinite(point: batch.indices[bad / d % m])
        }
        let shape = [r] + batch.points.shape
        return try onDevice { () throws(ComputeError) in
            let backend = carriers.backend
            let start = try backend.upload(origin, as: precision)
            let gradient = try backend.upload(ascent, as: precision)
            var results: [Tensor<Double>] = []
            for eps in eps {
                let ball = Ball(ThreatModel(eps: eps, box: box), precision)
                let point = try backend.allocate(start.count, precision)
                try backend.copy(start, to: point)
                try backend.run(
                    .signStep(
                        point: point, origin: start, gradient: gradient, stepSize: ball.eps, eps: ball.eps,
                        box: ball.box))
                results.append(Tensor(shape: shape, elements: try backend.download(point)))
            }
            return results
        }
    }
}

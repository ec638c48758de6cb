import Compute

/// One attack on a set of points at several radii.
package struct AttackEvaluation: Sendable {
    package let attack: any Attack
    package let norm: ThreatModel.Norm
    /// Radii, ≥ 0, in the unit of the inputs.
    package let eps: [Double]
    package let box: ClosedRange<Double>?
    /// Points that are on the device together.
    package let batchSize: Int

    package init(
        attack: any Attack, norm: ThreatModel.Norm = .linf, eps: [Double], box: ClosedRange<Double>? = 0...1,
        batchSize: Int
    ) {
        precondition(batchSize > 0, "batches of \(batchSize) points")
        self.attack = attack
        self.norm = norm
        self.eps = eps
        self.box = box
        self.batchSize = batchSize
    }

    /// The threat model of a radius.
    package func threat(_ eps: Double) -> ThreatModel { ThreatModel(norm: norm, eps: eps, box: box) }

    /// Gradient steps times points of the whole evaluation, as `AttackControl.onStep` counts them.
    package func pointSteps(points: Int) -> Int {
        (attack.minimumNorm == nil ? eps.count : 1) * attack.gradientSteps * points
    }

    /// The batches of `count` points that are attacked for themselves.
    private func batches(_ count: Int) -> [Range<Int>] {
        let size = attack.joint == nil ? batchSize : max(count, 1)
        return stride(from: 0, to: count, by: size).map { $0..<min($0 + size, count) }
    }

    /// Attacks all points at every radius.
    /// - Parameters:
    ///   - points: [m, …].
    ///   - labels: [m]; nil where there are none.
    /// - Returns: one result for each of `eps`, in order; none for no points.
    /// - Throws: `AttackError`.
    package func run(
        points: Tensor<Double>, labels: [Int]?, model: any AttackedModel, control: AttackControl = AttackControl()
    ) throws(AttackError) -> [AttackResult] {
        var parts: [AttackOutcome] = []
        for range in batches(points.count) {
            let batch = AttackBatch(
                points: points[range], labels: labels.map { Array($0[range]) }, firstIndex: range.lowerBound)
            parts.append(try perturb(batch, of: model, control: control))
        }
        return AttackOutcome.joined(parts).map { results($0, labels: labels) } ?? []
    }

    /// The results of an outcome, one for each radius.
    package func results(_ outcome: AttackOutcome, labels: [Int]?) -> [AttackResult] {
        zip(eps, outcome.examples).map { AttackResult(eps: $0, examples: $1, labels: labels) }
    }

    /// Reasons to doubt the results, as sentences for the user; empty where there are none.
    package func warnings(_ results: [AttackResult]) -> [String] {
        var warnings: [String] = []
        for result in results {
            let place = "\(attack.name) at eps \(result.eps)"
            let score = result.score
            if score.zeroGradients > 0 {
                warnings.append(
                    "\(place): the gradient of \(score.zeroGradients) of \(score.count) points is zero, so they cannot "
                        + "be moved and their robustness means nothing")
            }
            if score.outside > 0 {
                warnings.append(
                    "\(place): \(score.outside) of \(score.count) points lie outside the ball or the box, so the clean ones "
                        + "stand for them")
            }
            if score.meanValue < score.meanCleanValue && result.eps > 0 && !attack.isBlackBox {
                warnings.append("\(place): the attack made the mean objective worse; lower step or raise steps")
            }
            warnings += attack.doubts(about: threat(result.eps))
        }
        let ordered = results.sorted { $0.eps < $1.eps }
        for (smaller, larger) in zip(ordered, ordered.dropFirst()) {
            guard let before = smaller.score.robustAccuracy, let after = larger.score.robustAccuracy, after > before
            else { continue }
            warnings.append(
                "\(attack.name): robust accuracy rises from \(before) at eps \(smaller.eps) to \(after) at eps "
                    + "\(larger.eps): the attack is too weak at the larger radius")
        }
        return warnings
    }
}

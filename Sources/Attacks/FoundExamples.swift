import Compute

/// Points that were found elsewhere, by another program or an earlier run, as an attack.
///
/// A point that lies outside the ball or the box counts as not attacked: the clean one stands for it.
package struct FoundExamples: Attack {
    /// x̃ of the whole set or of the batch, [m, …].
    package let points: Tensor<Double>
    package let goal: AttackGoal
    /// Whether `points` are those of the whole set, to be taken by position.
    let isWhole: Bool

    /// Points of the whole set.
    package init(all points: Tensor<Double>, goal: AttackGoal = .label) {
        self.points = points
        self.goal = goal
        isWhole = true
    }

    /// Points of the batch that will be attacked.
    init(points: Tensor<Double>, goal: AttackGoal) {
        self.points = points
        self.goal = goal
        isWhole = false
    }

    package var name: String { "file" }
    package var gradientSteps: Int { 1 }
    package var isBlackBox: Bool { true }
    package var objective: AttackObjective { AttackObjective(loss: .margin, isTargeted: goal.isTargeted) }

    package func perturb(
        _ batch: AttackBatch, of model: any AttackedModel, within threat: ThreatModel, control: AttackControl
    ) throws(AttackError) -> AdversarialExamples {
        let attacked = try AttackedBatch(batch, of: model, within: threat, objective, goal, control)
        let size = attacked.size
        precondition(points.stride == size, "points of \(points.stride) numbers for \(size)")
        let rows = Array(0..<attacked.count)
        let found = isWhole ? points.rows(batch.indices) : points
        let single = model.precision == .float32
        let numbers = single ? found.elements.rounded().widened() : found.elements
        var allowed = attacked.clean
        for row in rows where attacked.ball.eps > 0 {
            let range = row * size..<(row + 1) * size
            let isInside =
                attacked.ball.distance(numbers[range], attacked.clean[range]) <= attacked.ball.eps
                && numbers[range].allSatisfy { attacked.ball.box?.contains($0) ?? $0.isFinite }
            if isInside { allowed.replaceSubrange(range, with: numbers[range]) }
        }
        attacked.keep(allowed, try attacked.predict(try attacked.upload(allowed), rows), rows, replaces: true)
        attacked.didStep(rows.count)
        return attacked.examples(steps: gradientSteps)
    }
}

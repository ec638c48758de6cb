import Compute

/// Points that were found elsewhere, by another program or an earlier run, as an attack.
///
/// A point that lies outside the ball or the box counts as not attacked: the clean one stands for it, and
/// `AdversarialExamples.outside` counts it. One that misses them by less than 1e-4 ε, as the rounding of another program
/// may, is brought into them.
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
        var outside = 0
        for row in rows {
            let range = row * size..<(row + 1) * size
            if let point = attacked.ball.admitted(Array(numbers[range]), around: attacked.origin(row)) {
                allowed.replaceSubrange(range, with: point)
            } else {
                outside += 1
            }
        }
        attacked.keep(allowed, try attacked.predict(try attacked.upload(allowed), rows), rows, replaces: true)
        attacked.didStep(rows.count)
        var examples = attacked.examples(steps: gradientSteps)
        examples.outside = outside
        return examples
    }
}

extension Ball {
    /// The point itself where it lies in ball and box, the projected one where it misses them by less than 1e-4 ε; nil
    /// where it lies outside.
    fileprivate func admitted(_ point: [Double], around origin: [Double]) -> [Double]? {
        let excess = max(distance(point[...], origin[...]) - eps, box.map { beyond($0, point) } ?? 0)
        guard point.allSatisfy(\.isFinite), excess <= 1e-4 * eps else { return nil }
        return excess > 0 ? projected(point, around: origin) : point
    }

    /// How far the point reaches out of the box.
    private func beyond(_ box: ClosedRange<Double>, _ point: [Double]) -> Double {
        point.reduce(0) { max($0, box.lowerBound - $1, $1 - box.upperBound) }
    }
}

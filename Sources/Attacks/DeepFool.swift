import Compute

/// DeepFool: goes to the nearest linearised class border until the class changes.
///
/// `x_{i+1} = x₀ + (1 + η) Σ δ_i`, with the shortest δ_i to the nearest border at x_i without the box, and x_i brought
/// into the box. Settings as published: 50 steps, overshoot η = 0.02, the 10 likeliest classes.
///
/// Source: Moosavi-Dezfooli et al., "DeepFool: a simple and accurate method to fool deep neural networks", 2016,
/// algorithm 2.
package struct DeepFool: MinimumNormAttack {
    package let goal: AttackGoal
    package let steps: Int
    package let overshoot: Double

    package init(goal: AttackGoal = .label, steps: Int = 50, overshoot: Double = 0.02) {
        precondition(steps > 0 && overshoot >= 0, "\(steps) steps, an overshoot of \(overshoot)")
        precondition(!goal.isTargeted, "DeepFool chooses its classes itself")
        self.goal = goal
        self.steps = steps
        self.overshoot = overshoot
    }

    package var name: String { "deepfool" }
    package var gradientSteps: Int { steps + 1 }
    package var objective: AttackObjective { AttackObjective(loss: .margin) }

    package func minimize(
        _ batch: AttackBatch, of model: any AttackedModel, within threat: ThreatModel, control: AttackControl
    ) throws(AttackError) -> AdversarialExamples {
        let attacked = try AttackedBatch(batch, of: model, within: threat, objective, goal, control)
        let aim = attacked.aim
        return try attacked.searchNearest(rounds: gradientSteps, steps: gradientSteps) { _, row, _ in
            DeepFoolSearch(
                ball: attacked.ball, origin: attacked.origin(row),
                borders: ClassBorders(label: aim.classes[row], rivals: attacked.rivals(row, count: 9)),
                overshoot: overshoot, steps: steps, isReached: { aim.isReached($0, row) })
        }
    }
}

private struct DeepFoolSearch: NearestSearch {
    private let ball: Ball
    private let origin: [Double]
    private let borders: ClassBorders
    private let overshoot: Double
    private let isReached: @Sendable (ArraySlice<Double>) -> Bool
    private var left: Int
    /// Σ δ_i.
    private var total: [Double]
    private(set) var found = NearestFound()
    private(set) var query: [Double]
    private(set) var isDone = false

    init(
        ball: Ball, origin: [Double], borders: ClassBorders, overshoot: Double, steps: Int,
        isReached: @escaping @Sendable (ArraySlice<Double>) -> Bool
    ) {
        // Steps know no box, points do.
        self.ball = ball
        self.origin = origin
        self.borders = borders
        self.overshoot = overshoot
        self.isReached = isReached
        left = steps
        total = origin.map { _ in 0 }
        query = origin
    }

    func cotangents(_ outputs: ArraySlice<Double>) -> [[Double]] {
        left == 0 || isReached(outputs) ? [] : borders.cotangents(outputs)
    }

    mutating func advance(_ outputs: ArraySlice<Double>, _ gradients: [[Double]]) {
        if isReached(outputs) { found.take(query, outputs, ball.distance(query[...], origin[...])) }
        isDone = left == 0 || isReached(outputs)
        guard !isDone, let border = borders.nearest(outputs, gradients, ball.norm) else { return }
        left -= 1
        let unbounded = Ball(ThreatModel(norm: ball.norm, eps: ball.eps, box: nil), ball.precision)
        // A point just on the border has no way to go; the least one takes it across.
        let least = Hyperplane(gap: border.gap - 1e-6 * max(abs(border.gap), 1e-6), slope: border.slope)
        let step = least.shortest(from: query, unbounded)
        total = zip(total, step).map { $0 + $1 }
        query = ball.boxed(origin.indices.map { origin[$0] + (1 + overshoot) * total[$0] }, around: origin)
    }
}

import Compute

/// The fast adaptive boundary attack: nearest adversarial points, by steps onto linearised class borders.
///
/// `fab` looks at the borders of all wrong classes in every step, which takes a gradient of each; `fab-t` goes to one
/// class after the other, the likeliest at x first. With one output both are the same. Settings as published: 100
/// steps, 1 run, 9 target classes. All runs but the first start at random around x, at most half as far as what was
/// found.
///
/// Source: Croce & Hein, "Minimally distorted adversarial examples with a fast adaptive boundary attack", 2020.
package struct FAB: MinimumNormAttack {
    package let isTargeted: Bool
    package let goal: AttackGoal
    package let steps: Int
    package let restarts: Int
    /// Wrong classes that `fab-t` tries.
    package let classes: Int
    package let seed: UInt64

    package init(
        isTargeted: Bool = false, goal: AttackGoal = .label, steps: Int = 100, restarts: Int = 1, classes: Int = 9,
        seed: UInt64 = 0
    ) {
        precondition(steps > 0 && restarts > 0 && classes > 0, "\(steps) steps, \(restarts) runs, \(classes) classes")
        precondition(!goal.isTargeted, "FAB chooses its classes itself")
        self.isTargeted = isTargeted
        self.goal = goal
        self.steps = steps
        self.restarts = restarts
        self.classes = classes
        self.seed = seed
    }

    package var name: String { isTargeted ? "fab-t" : "fab" }
    /// A step takes the gradient, and the prediction where it leads.
    package var gradientSteps: Int { (2 * steps + 1) * restarts * (isTargeted ? classes : 1) }
    package var objective: AttackObjective { AttackObjective(loss: .margin) }

    package func minimize(
        _ batch: AttackBatch, of model: any AttackedModel, within threat: ThreatModel, control: AttackControl
    ) throws(AttackError) -> AdversarialExamples {
        let attacked = try AttackedBatch(batch, of: model, within: threat, objective, goal, control)
        let aim = attacked.aim
        let targets = isTargeted ? min(classes, max(model.outputs - 1, 1)) : 1
        return try attacked.searchNearest(
            runs: targets * restarts, rounds: 2 * steps + 1, steps: gradientSteps
        ) { run, row, nearest in
            let rivals = attacked.rivals(row, count: isTargeted ? classes : model.outputs)
            return FABSearch(
                ball: attacked.ball, origin: attacked.origin(row),
                start: start(run, row, run % restarts > 0 ? nearest : nil, attacked),
                borders: ClassBorders(
                    label: aim.classes[row], rivals: isTargeted ? [rivals[run / restarts]] : rivals),
                steps: steps, isReached: { aim.isReached($0, row) })
        }
    }

    /// - Parameter distance: of the nearest point so far, infinity where there is none; nil to start at x.
    private func start(_ run: Int, _ row: Int, _ distance: Double?, _ attacked: AttackedBatch) -> [Double] {
        let (origin, ball) = (attacked.origin(row), attacked.ball)
        guard let distance else { return origin }
        var generator = SplitMix64(seed, UInt64(run), UInt64(attacked.batch.indices[row]))
        let numbers =
            ball.norm == .linf
            ? origin.map { _ in Double.random(in: -1...1, using: &generator) } : generator.normal(origin.count)
        let scale = min(distance, ball.eps) / 2 / max(ball.norm.length(numbers), 1e-300)
        return ball.boxed(zip(origin, numbers).map { $0 + scale * $1 }, around: origin)
    }
}

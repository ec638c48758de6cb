import Compute

/// The Square attack: a black box that asks for predictions only and needs no gradient.
///
/// Raises the margin, or the cross-entropy of the class it is targeted at. Settings as published for AutoAttack: 5,000
/// queries, the first square covers 80 % of the image. In ℓ∞ it starts at vertical stripes; inputs that are no images
/// are one row of numbers, whose pieces take the place of squares.
///
/// Source: Andriushchenko et al. 2020; Croce & Hein 2020, section 5.
package struct Square: Attack {
    package let goal: AttackGoal
    /// Predictions that one point may cost in a run.
    package let queries: Int
    package let share: Double
    package let restarts: Int
    package let seed: UInt64

    package init(
        goal: AttackGoal = .label, queries: Int = 5000, share: Double = 0.8, restarts: Int = 1, seed: UInt64 = 0
    ) {
        precondition(queries > 0 && restarts > 0 && share > 0 && share <= 1, "\(queries) queries, a share of \(share)")
        self.goal = goal
        self.queries = queries
        self.share = share
        self.restarts = restarts
        self.seed = seed
    }

    package var name: String { "square" }
    package var isCumulative: Bool { true }
    package var isBlackBox: Bool { true }
    package var gradientSteps: Int { queries * restarts }
    package var objective: AttackObjective {
        AttackObjective(loss: goal.isTargeted ? .crossEntropy : .margin, isTargeted: goal.isTargeted)
    }

    package func perturb(
        _ batch: AttackBatch, of model: any AttackedModel, within threat: ThreatModel, control: AttackControl
    ) throws(AttackError) -> AdversarialExamples {
        let attacked = try AttackedBatch(batch, of: model, within: threat, objective, goal, control)
        let grid = PixelGrid(Array(batch.points.shape.dropFirst()))
        let aim = attacked.aim
        return try attacked.searchBall(runs: restarts, rounds: queries, steps: gradientSteps) { run, row in
            SquareSearch(
                ball: attacked.ball, origin: attacked.origin(row), grid: grid, objective: objective,
                label: aim.classes[row], queries: queries, share: share,
                generator: SplitMix64(seed, UInt64(run), UInt64(batch.indices[row])),
                isReached: { aim.isReached($0, row) })
        }
    }
}

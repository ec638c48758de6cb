import Compute

/// Auto-PGD: projected gradient ascent that sets its own step size. Its result is the first point that reaches the
/// goal, else the one with the largest objective.
///
/// `apgd-ce` raises the cross-entropy, `apgd-dlr` the difference of logits ratio, `apgd-t` that ratio against one wrong
/// class after the other, the likeliest at x first. With one output all three differ only in their random starts, and
/// apgd-t has one class to go to.
///
/// Settings as published: 100 steps, the first of length 2ε, checks after 22 and then ever fewer steps, momentum 1/4,
/// 1 run, 9 target classes. In ℓ1 the steps are 3 runs in balls of 3ε, 2ε and ε, each from the best point of the one
/// before, with 30, 30 and 40 % of the steps.
///
/// Source: Croce & Hein 2020, sections 3 and 4; ℓ1: Croce & Hein 2021.
package struct APGD: Attack {
    package enum Variant: String, Sendable, CaseIterable {
        case crossEntropy = "apgd-ce"
        case ratio = "apgd-dlr"
        case targeted = "apgd-t"
    }

    package let variant: Variant
    package let goal: AttackGoal
    package let steps: Int
    /// Runs, for each class of `apgd-t`; all start at random.
    package let restarts: Int
    /// Wrong classes that `apgd-t` tries.
    package let classes: Int
    package let seed: UInt64

    package init(
        _ variant: Variant, goal: AttackGoal = .label, steps: Int = 100, restarts: Int = 1, classes: Int = 9,
        seed: UInt64 = 0
    ) {
        precondition(steps > 0 && restarts > 0 && classes > 0, "\(steps) steps, \(restarts) runs, \(classes) classes")
        precondition(variant != .targeted || !goal.isTargeted, "apgd-t chooses its classes itself")
        self.variant = variant
        self.goal = goal
        self.steps = steps
        self.restarts = restarts
        self.classes = classes
        self.seed = seed
    }

    package var name: String { variant.rawValue }
    package var isCumulative: Bool { true }
    package var gradientSteps: Int { (steps + 3) * restarts * (variant == .targeted ? classes : 1) }
    package var objective: AttackObjective {
        AttackObjective(loss: variant == .crossEntropy ? .crossEntropy : .dlr, isTargeted: goal.isTargeted)
    }

    package func perturb(
        _ batch: AttackBatch, of model: any AttackedModel, within threat: ThreatModel, control: AttackControl
    ) throws(AttackError) -> AdversarialExamples {
        let attacked = try AttackedBatch(batch, of: model, within: threat, objective, goal, control)
        guard attacked.ball.eps > 0 else { return attacked.examples(steps: gradientSteps) }
        let rounds = variant == .targeted ? min(classes, max(model.outputs - 1, 1)) : 1
        for round in 0..<rounds {
            for restart in 0..<restarts {
                let rows = attacked.active
                let objectives = rows.map { row in
                    variant == .targeted
                        ? AttackObjective(loss: .dlr, rival: attacked.rivals(row, count: classes)[round]) : objective
                }
                try run(round * restarts + restart, rows, objectives, attacked, threat)
            }
        }
        return attacked.examples(steps: gradientSteps)
    }

    private func run(
        _ restart: Int, _ rows: [Int], _ objectives: [AttackObjective], _ attacked: AttackedBatch, _ threat: ThreatModel
    ) throws(AttackError) {
        let phases: [(radii: Double, share: Double)] =
            threat.norm == .l1 ? [(3, 0.3), (2, 0.3), (1, 0.4)] : [(1, 1)]
        var starts: [[Double]] = []
        for (index, phase) in phases.enumerated() {
            let ball = Ball(
                ThreatModel(norm: threat.norm, eps: phase.radii * threat.eps, box: threat.box), attacked.model.precision
            )
            let isLast = index == phases.count - 1
            let steps = max(Int((phase.share * Double(self.steps)).rounded()), 1)
            let aim = attacked.aim
            var searches = rows.indices.map { place in
                let row = rows[place]
                let origin = attacked.origin(row)
                let start =
                    index > 0
                    ? ball.projected(starts[place], around: origin) : self.start(restart, row, ball, attacked)
                return APGDSearch(
                    ball: ball, origin: origin, start: start, objective: objectives[place], label: aim.classes[row],
                    steps: steps, isReached: { isLast && aim.isReached($0, row) }, isWarm: index > 0)
            }
            try attacked.search(&searches, of: rows, rounds: steps + 1, keepsQueries: isLast)
            starts = searches.map { $0.best.point }
        }
    }

    /// A random point on the border of the ball, brought into the box.
    private func start(_ restart: Int, _ row: Int, _ ball: Ball, _ attacked: AttackedBatch) -> [Double] {
        let origin = attacked.origin(row)
        var generator = SplitMix64(seed, UInt64(restart), UInt64(attacked.batch.indices[row]))
        let numbers =
            ball.norm == .linf
            ? origin.map { _ in Double.random(in: -1...1, using: &generator) } : generator.normal(origin.count)
        let length = ball.norm.length(numbers)
        return ball.point(at: origin, moved: numbers.map { length > 0 ? $0 * ball.eps / length : 0 })
    }
}

import Compute

/// Attacks the first-order Taylor expansion of the outputs around the clean point, exactly.
///
/// The margin against each wrong class c becomes `f_c − f_y + ⟨∇f_c − ∇f_y, δ⟩`, whose maximum over ball and box is known
/// in closed form; of the k − 1 perturbations the one with the largest margin is taken, or the one towards the class
/// that is aimed at. Takes one linearisation and k − 1 gradients. With one output and ℓ∞ it is FGSM.
///
/// Source: Tsilivis & Kempe 2022, section 3 (the kernel's prediction expanded around the test input).
package struct Taylor: Attack {
    package let goal: AttackGoal

    package init(goal: AttackGoal = .label) { self.goal = goal }

    package var name: String { "taylor" }
    package var gradientSteps: Int { 2 }
    package var objective: AttackObjective { AttackObjective(loss: .margin, isTargeted: goal.isTargeted) }

    package func perturb(
        _ batch: AttackBatch, of model: any AttackedModel, within threat: ThreatModel, control: AttackControl
    ) throws(AttackError) -> AdversarialExamples {
        let attacked = try AttackedBatch(batch, of: model, within: threat, objective, goal, control)
        guard attacked.ball.eps > 0 else { return attacked.examples(steps: gradientSteps) }
        let rows = Array(0..<attacked.count)
        let aim = attacked.aim
        var searches = rows.map { row in
            TaylorSearch(
                ball: attacked.ball, origin: attacked.origin(row), label: aim.classes[row],
                rivals: attacked.rivals(row, count: model.outputs), isTargeted: goal.isTargeted)
        }
        try attacked.search(&searches, of: rows, rounds: 2, keepsQueries: true)
        return attacked.examples(steps: gradientSteps)
    }
}

private struct TaylorSearch: PointSearch {
    let ball: Ball
    let origin: [Double]
    let label: Int
    let rivals: [Int?]
    let isTargeted: Bool
    private(set) var query: [Double]
    private(set) var isDone = false
    private var isExpanded = false

    init(ball: Ball, origin: [Double], label: Int, rivals: [Int?], isTargeted: Bool) {
        self.ball = ball
        self.origin = origin
        self.label = label
        self.rivals = rivals
        self.isTargeted = isTargeted
        query = origin
    }

    private var objectives: [AttackObjective] {
        rivals.map { AttackObjective(loss: .margin, isTargeted: isTargeted, rival: $0) }
    }

    func cotangents(_ outputs: ArraySlice<Double>) -> [[Double]] {
        isExpanded ? [] : objectives.map { $0.derivative(outputs, label: label) }
    }

    mutating func advance(_ outputs: ArraySlice<Double>, _ gradients: [[Double]]) {
        isDone = isExpanded
        guard !isDone else { return }
        isExpanded = true
        let steps = gradients.map { ball.farthest(along: $0, at: origin) }
        let values = steps.indices.map { index in
            zip(gradients[index], steps[index])
                .reduce(objectives[index].value(outputs, label: label)) { $0 + $1.0 * $1.1 }
        }
        // Leaving a class, one larger output suffices; reaching one, it must be larger than all, so the step against
        // the strongest rival is taken.
        let order = steps.indices.sorted { values[$0] > values[$1] }
        guard let chosen = isTargeted ? order.last : order.first else { return }
        query = ball.point(at: origin, moved: steps[chosen])
    }
}

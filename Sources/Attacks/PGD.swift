/// Projected gradient descent on the loss surface: FGSM steps of size α, each from the gradient at the current point,
/// each projected onto the ball around the clean point and onto the box.
///
/// In ℓ∞ `x_{s+1} = clip(clip(x_s + α sign ∇ₓ L(f(x_s), y), x₀ − ε, x₀ + ε), lower, upper)`. In ℓ2 a step is
/// `α ∇/‖∇‖₂`. In ℓ1 it goes along the largest 1 % of the entries, and the projection is that onto ball and box
/// together.
///
/// The result of a run is its last point. Of several runs each point keeps the best one: first by reaching the goal,
/// then by being misclassified, then by the objective. A point that has reached the goal takes part in no further run.
///
/// Source: Madry et al. 2018. ℓ1: Tramèr & Boneh 2019 (step), Croce & Hein 2021 (projection). Momentum: Dong et al.
/// 2018.
package struct PGD: Attack {
    package let loss: AttackLoss
    package let goal: AttackGoal
    package let steps: Int
    /// α, in the unit of the inputs; nil for 2.5 ε / steps.
    package let stepSize: Double?
    /// μ ≥ 0: direction of a step is `μ · (the one before) + ∇/‖∇‖₁`; 0 for the gradient alone.
    package let momentum: Double
    /// Runs. Without `randomStart` the first starts at the clean point; all others start at random.
    package let restarts: Int
    /// The first run too starts at a random point of the ball and the box.
    package let randomStart: Bool
    /// Start points depend on this, the run and the position of the point in the whole set; on nothing else.
    package let seed: UInt64

    package init(
        loss: AttackLoss = .crossEntropy, goal: AttackGoal = .label, steps: Int = 20, stepSize: Double? = nil,
        momentum: Double = 0, restarts: Int = 1, randomStart: Bool = false, seed: UInt64 = 0
    ) {
        precondition(steps > 0 && restarts > 0, "\(steps) steps, \(restarts) restarts")
        precondition(momentum >= 0 && momentum.isFinite, "a momentum of \(momentum)")
        precondition(stepSize.map { $0 >= 0 && $0.isFinite } ?? true, "a step size of \(stepSize ?? 0)")
        self.loss = loss
        self.goal = goal
        self.steps = steps
        self.stepSize = stepSize
        self.momentum = momentum
        self.restarts = restarts
        self.randomStart = randomStart
        self.seed = seed
    }

    package var name: String { "pgd" }
    package var gradientSteps: Int { steps * restarts }
    package var objective: AttackObjective { AttackObjective(loss: loss, isTargeted: goal.isTargeted) }

    package func perturb(
        _ batch: AttackBatch, of model: any AttackedModel, within threat: ThreatModel, control: AttackControl
    ) throws(AttackError) -> AdversarialExamples {
        try GradientAscent(
            objective: objective, goal: goal, steps: steps, stepSize: stepSize(at: threat.eps), momentum: momentum,
            restarts: restarts, start: randomStart ? .uniform : .clean, seed: seed
        ).perturb(batch, of: model, within: threat, control: control)
    }

    package func doubts(about threat: ThreatModel) -> [String] {
        let reach = Double(steps) * stepSize(at: threat.eps)
        guard reach < threat.eps else { return [] }
        return [
            "pgd at eps \(threat.eps): \(steps) steps of \(stepSize(at: threat.eps)) reach only \(reach); "
                + "raise step or steps"
        ]
    }

    private func stepSize(at eps: Double) -> Double { stepSize ?? 2.5 * eps / Double(steps) }
}

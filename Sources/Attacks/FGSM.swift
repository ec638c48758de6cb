/// The fast gradient method: one step of size ε.
///
/// In ℓ∞ `x̃ = clip(x + ε sign ∇ₓ L(f(x), y))`; for a binary task this is `x − y ε sign ∇f(x)` for every loss
/// that falls as y f rises. In ℓ2 the step is `ε ∇/‖∇‖₂`, in ℓ1 it goes along the largest 1 % of the entries.
///
/// Source: Goodfellow et al. 2015; Tsilivis & Kempe 2022, eq. 8.
package struct FGSM: Attack {
    package let loss: AttackLoss
    package let goal: AttackGoal

    package init(loss: AttackLoss = .crossEntropy, goal: AttackGoal = .label) {
        self.loss = loss
        self.goal = goal
    }

    package var name: String { "fgsm" }
    package var gradientSteps: Int { 1 }
    package var objective: AttackObjective { AttackObjective(loss: loss, isTargeted: goal.isTargeted) }

    package func perturb(
        _ batch: AttackBatch, of model: any AttackedModel, within threat: ThreatModel, control: AttackControl
    ) throws(AttackError) -> AdversarialExamples {
        try GradientAscent(objective: objective, goal: goal, steps: 1, stepSize: threat.eps)
            .perturb(batch, of: model, within: threat, control: control)
    }
}

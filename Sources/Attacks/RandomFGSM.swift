/// FGSM from a random point: a step of half the radius in a random direction, then one of the other half along the
/// gradient there. The random step leaves the surroundings of the clean point, where a gradient may be masked.
///
/// `x' = x + α sign(N(0, I))`, `x̃ = x' + (ε − α) sign ∇ₓ L(f(x'), y)`, α = ε/2; in ℓ2 and ℓ1 with the directions of PGD.
///
/// Source: Tramèr et al., "Ensemble adversarial training", 2018, eq. 7 (RAND+FGSM).
package struct RandomFGSM: Attack {
    package let loss: AttackLoss
    package let goal: AttackGoal
    /// Runs, all from random points.
    package let restarts: Int
    package let seed: UInt64

    package init(
        loss: AttackLoss = .crossEntropy, goal: AttackGoal = .label, restarts: Int = 1, seed: UInt64 = 0
    ) {
        precondition(restarts > 0, "\(restarts) restarts")
        self.loss = loss
        self.goal = goal
        self.restarts = restarts
        self.seed = seed
    }

    package var name: String { "r-fgsm" }
    package var gradientSteps: Int { restarts }
    package var objective: AttackObjective { AttackObjective(loss: loss, isTargeted: goal.isTargeted) }

    package func perturb(
        _ batch: AttackBatch, of model: any AttackedModel, within threat: ThreatModel, control: AttackControl
    ) throws(AttackError) -> AdversarialExamples {
        try GradientAscent(
            objective: objective, goal: goal, steps: 1, stepSize: threat.eps / 2, restarts: restarts,
            start: .step(threat.eps / 2), seed: seed
        ).perturb(batch, of: model, within: threat, control: control)
    }
}

import Compute

/// A way to search for adversarial points.
package protocol Attack: Sendable {
    /// As in configurations and results, e.g. `fgsm`.
    var name: String { get }
    /// Input gradients that one point costs at most; predictions for a black box.
    var gradientSteps: Int { get }
    var objective: AttackObjective { get }
    /// Which class points shall leave or reach.
    var goal: AttackGoal { get }
    /// Whether a point that reached the goal at a smaller radius is taken over at a larger one, whose ball holds it. Where
    /// it is not, the result at a radius is what the attack does there and nothing else.
    var isCumulative: Bool { get }
    /// Whether the attack asks for predictions only.
    var isBlackBox: Bool { get }
    /// The attack itself where it needs all points at once; nil where it takes every point for itself, so that batches
    /// may be attacked one by one.
    var joint: (any JointAttack)? { get }
    /// The attack itself where it looks for the nearest adversarial point, so that one run serves all radii.
    var minimumNorm: (any MinimumNormAttack)? { get }

    /// Moves the points of a batch inside the threat model.
    /// - Throws: `AttackError`.
    /// - Complexity: `gradientSteps` linearisations of the batch, one alive at a time, and 1 prediction per run.
    func perturb(
        _ batch: AttackBatch, of model: any AttackedModel, within threat: ThreatModel, control: AttackControl
    ) throws(AttackError) -> AdversarialExamples

    /// Weaknesses of these settings at a radius, as sentences for the user.
    func doubts(about threat: ThreatModel) -> [String]
}

extension Attack {
    package var isCumulative: Bool { false }
    package var isBlackBox: Bool { false }
    package var joint: (any JointAttack)? { nil }
    package var minimumNorm: (any MinimumNormAttack)? { nil }
    package func doubts(about threat: ThreatModel) -> [String] { [] }
}

import Compute

/// A way to search for adversarial points.
package protocol Attack: Sendable {
    /// As in configurations and results, e.g. `fgsm`.
    var name: String { get }
    /// Input gradients that one point costs at most; predictions for a black box.
    var gradientSteps: Int { get }
    var objective: AttackObjective { get }

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
    package func doubts(about threat: ThreatModel) -> [String] { [] }
}

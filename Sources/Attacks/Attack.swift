import Compute

/// A way to search for adversarial points.
package protocol Attack: Sendable {
    /// As in configurations and results, e.g. `fgsm`.
    var name: String { get }
    /// Input gradients that one point costs.
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

/// Which class an attack moves points away from, or towards.
public enum AttackGoal: Sendable, Equatable {
    /// Away from the true label.
    case label
    /// Away from what the model predicts at the clean point; needs no labels.
    case prediction
    /// Towards a class: −1 or 1 for a binary task, else 0..<k.
    case targeted(Int)

    var isTargeted: Bool {
        if case .targeted = self { true } else { false }
    }
}

/// Points that are attacked together.
package struct AttackBatch: Sendable {
    /// [m, …] with d numbers per point.
    package let points: Tensor<Double>
    /// True classes, [m]; nil where there are none.
    package let labels: [Int]?
    /// Position of the first point in the whole set: random starts belong to points, not to batches.
    package let firstIndex: Int

    package init(points: Tensor<Double>, labels: [Int]?, firstIndex: Int = 0) {
        precondition(labels.map { $0.count == points.count } ?? true, "\(points.count) points need as many labels")
        self.points = points
        self.labels = labels
        self.firstIndex = firstIndex
    }
}

/// How a caller follows and stops an attack.
package struct AttackControl: Sendable {
    /// Asked before each gradient step. The default knows of cancellation only on a task's own thread.
    package let isCancelled: @Sendable () -> Bool
    /// Told after each gradient step for how many points it was done.
    package let onStep: @Sendable (_ points: Int) -> Void

    package init(
        isCancelled: @escaping @Sendable () -> Bool = { Task.isCancelled },
        onStep: @escaping @Sendable (Int) -> Void = { _ in }
    ) {
        self.isCancelled = isCancelled
        self.onStep = onStep
    }
}

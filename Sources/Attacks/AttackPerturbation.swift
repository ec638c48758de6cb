import Compute
import Networks

/// Adversarial training: every batch is attacked on the net as it is, before the step.
///
/// Source: Madry et al. 2018.
package struct AttackPerturbation: BatchPerturbation {
    package let attack: any Attack
    package let threat: ThreatModel
    /// Share of each batch that is attacked, its first points; the rest stays clean.
    package let share: Double

    package init(_ attack: any Attack, within threat: ThreatModel, share: Double = 1) {
        precondition((0...1).contains(share), "a share of \(share)")
        self.attack = attack
        self.threat = threat
        self.share = share
    }

    package func perturb(
        _ points: Tensor<Double>, labels: [Int], position: Int, of network: Network
    ) throws -> Tensor<Double> {
        let count = Int((share * Double(points.count)).rounded())
        guard count > 0 else { return points }
        let batch = AttackBatch(points: points[0..<count], labels: Array(labels[..<count]), firstIndex: position)
        let examples = try attack.perturb(batch, of: network, within: threat, control: AttackControl())
        return Tensor(
            shape: points.shape, elements: examples.points.elements + points.elements[(count * points.stride)...])
    }
}

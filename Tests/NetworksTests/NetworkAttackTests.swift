import Attacks
import Compute
import TestSupport
import Testing

@testable import Networks

/// Attacks of the library on finite nets.
@Suite struct NetworkAttackTests {
    /// `fgsm_x` of the reference has no box and eps 0.05; a sign flips only where a gradient is rounding.
    @Test(
        .enabled(if: Golden.isPresent, "reference data are absent: set NTK_GOLDEN"),
        arguments: EmpiricalCase.all, NetworkBackend.available)
    func fgsmOfTheReference(of example: EmpiricalCase, on backend: NetworkBackend) throws {
        let archive = try example.arrays()
        let plan = try NetworkPlan(
            example.architecture(), input: example.input, outputs: example.classes, widths: .each([]),
            parameterization: #require(Parameterization(rawValue: example.parameterization)))
        let network = try Network(
            plan, parameters: example.parameters("param0"), backend: backend.make(), precision: .float64)
        let points = try archive.tensor("X")
        let labels = try archive.tensor("label").elements.map { Int($0) }
        let examples = try FGSM().perturb(
            AttackBatch(points: points, labels: labels), of: network, within: ThreatModel(eps: 0.05, box: nil),
            control: AttackControl())
        #expect(Distance.absolute(examples.points.elements, try archive.tensor("fgsm_x").elements) < 1e-15)
        #expect(Distance.relative(examples.cleanPredictions.elements, to: try archive.tensor("f_x").elements) < 1e-12)
    }

    /// The loss at PGD's points is no smaller than at FGSM's, and both keep inside the ball.
    @Test(arguments: NetworkBackend.available)
    func pgdRaisesTheLoss(on backend: NetworkBackend) throws {
        let example = RandomNetwork.all[3]
        let network = try example.network(backend.make(), .float32)
        let points = example.points(8)
        let labels = (0..<points.count).map { $0 % example.outputs }
        let threat = ThreatModel(eps: 0.1, box: nil)
        let batch = AttackBatch(points: points, labels: labels)
        let control = AttackControl()
        let fast = try FGSM().perturb(batch, of: network, within: threat, control: control)
        let iterated = try PGD(steps: 20).perturb(batch, of: network, within: threat, control: control)
        for attack in [fast, iterated] {
            #expect(attack.distances.allSatisfy { $0 <= 0.1 })
            #expect(attack.values.reduce(0, +) > attack.cleanValues.reduce(0, +))
        }
        #expect(iterated.values.reduce(0, +) >= fast.values.reduce(0, +))
    }
}

import Compute
import TestSupport
import Testing

@testable import Attacks

@Suite struct CarriedModelTests {
    private static let factors = [0.75, -1.5, 0.25]

    /// A curved function of two numbers, and u_c times it.
    private func models() -> (carried: CarriedModel, plain: FormulaModel) {
        let g: @Sendable ([Double]) -> Double = { $0[0] * $0[1] + $0[0] }
        let slope: @Sendable ([Double]) -> [Double] = { [$0[1] + 1, $0[0]] }
        let carrier = FormulaModel(outputs: 1) {
            [g($0)]
        } gradient: { x, cotangent in
            slope(x).map { cotangent[0] * $0 }
        }
        let plain = FormulaModel(outputs: 3) { x in
            Self.factors.map { $0 * g(x) }
        } gradient: { x, cotangent in
            let factor = zip(Self.factors, cotangent).reduce(0) { $0 + $1.0 * $1.1 }
            return slope(x).map { factor * $0 }
        }
        return (CarriedModel(carrier, factors: Self.factors), plain)
    }

    @Test(arguments: AttackLoss.allCases) func attacksSeeTheSame(loss: AttackLoss) throws {
        let (carried, plain) = models()
        var generator = SeededGenerator(seed: 2)
        let points = Tensor(shape: [6, 2], elements: generator.numbers(12))
        for attack in [FGSM(loss: loss) as any Attack, PGD(loss: loss, steps: 5)] {
            let (a, b) = try (
                attack.perturb(
                    AttackBatch(points: points, labels: [0, 1, 2, 0, 1, 2]), of: carried,
                    within: ThreatModel(eps: 0.5, box: nil), control: AttackControl()),
                attack.perturb(
                    AttackBatch(points: points, labels: [0, 1, 2, 0, 1, 2]), of: plain,
                    within: ThreatModel(eps: 0.5, box: nil), control: AttackControl())
            )
            #expect(a.points == b.points && a.predictions == b.predictions && a.points != points)
        }
    }
}

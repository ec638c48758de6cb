import Compute
import TestSupport
import Testing

@testable import Attacks

@Suite struct AttackLossTests {
    static let objectives = AttackLoss.allCases.flatMap { loss in
        [false, true].map { AttackObjective(loss: loss, isTargeted: $0) }
    }

    @Test(arguments: objectives, [1, 2, 5])
    func derivativesAreThoseOfTheValue(objective: AttackObjective, k: Int) {
        var generator = SeededGenerator(seed: 3)
        for _ in 0..<50 {
            let f = generator.numbers(k, in: -3...3)
            let label = k == 1 ? (Bool.random(using: &generator) ? 1 : -1) : Int.random(in: 0..<k, using: &generator)
            let derivative = objective.derivative(f[...], label: label)
            let h = 1e-6
            for c in 0..<k {
                var (up, down) = (f, f)
                up[c] += h
                down[c] -= h
                let wanted =
                    (objective.value(up[...], label: label) - objective.value(down[...], label: label)) / (2 * h)
                #expect(abs(derivative[c] - wanted) < 1e-8)
            }
            let direction = objective.direction(f[...], label: label)
            // The same direction: one positive factor for all entries.
            let scale = derivative.map(abs).max() ?? 0
            #expect(
                zip(direction, derivative).allSatisfy { abs($0 * scale - $1 * (direction.map(abs).max() ?? 0)) < 1e-12 }
            )
            #expect(scale == 0 || abs((direction.map(abs).max() ?? 0) - 1) < 1e-12)
        }
    }

    @Test(arguments: objectives, [1, 3])
    func aConstantDirectionIsTheSameEverywhere(objective: AttackObjective, k: Int) {
        var generator = SeededGenerator(seed: 4)
        for label in k == 1 ? [-1, 1] : [0, 1, 2] {
            let directions = (0..<50).map { _ in
                objective.direction(generator.numbers(k, in: -3...3)[...], label: label)
            }
            #expect((Set(directions).count == 1) == objective.hasConstantDirection(outputs: k))
        }
    }

    @Test(arguments: objectives, [1, 3])
    func confidentPredictionsStayFinite(objective: AttackObjective, k: Int) {
        for size in [0, 1e2, 1e5, 1e150] {
            for signs in [[1.0, -1, 0.5], [-1, 1, 1], [0, 0, 0], [1, 1, 1]] {
                let f = signs[..<k].map { $0 * size }
                for label in k == 1 ? [-1, 1] : [0, 1, 2] {
                    #expect(objective.value(f[...], label: label).isFinite)
                    #expect(objective.derivative(f[...], label: label).allSatisfy { $0.isFinite })
                    #expect(objective.direction(f[...], label: label).allSatisfy { $0.isFinite && abs($0) <= 1 })
                }
            }
        }
    }

    @Test func crossEntropyKeepsItsDirectionWhereItsDerivativeVanishes() {
        let objective = AttackObjective(loss: .crossEntropy)
        #expect(objective.derivative([5000], label: 1) == [0])
        #expect(objective.direction([5000], label: 1) == [-1])
        #expect(objective.direction([5000, 0, 0], label: 0) == [-1, 0.5, 0.5])
    }

    @Test func knownValues() {
        let crossEntropy = AttackObjective(loss: .crossEntropy)
        #expect(abs(crossEntropy.value([0], label: -1) - 0.6931471805599453) < 1e-15)
        #expect(crossEntropy.value([-1000], label: 1) == 1000)
        #expect(abs(crossEntropy.value([40], label: 1) - 4.248354255291589e-18) < 1e-30)
        #expect(abs(crossEntropy.value([0, 0, 0, 0], label: 2) - 1.3862943611198906) < 1e-15)
        #expect(AttackObjective(loss: .mse).value([3], label: 1) == 2)
        #expect(AttackObjective(loss: .mse).value([1, 2, 0], label: 1) == 1)
        #expect(AttackObjective(loss: .margin).value([1, 4, 2], label: 1) == -2)
        #expect(AttackObjective(loss: .margin).value([1, 4, 2], label: 0) == 3)
        #expect(AttackObjective(loss: .cw).value([1, 4, 2], label: 0) == 0)
        #expect(AttackObjective(loss: .cw).derivative([1, 4, 2], label: 0) == [0, 0, 0])
        #expect(AttackObjective(loss: .cw, isTargeted: true).value([1, 4, 2], label: 0) == -3)
        #expect(AttackObjective(loss: .cw, isTargeted: true).derivative([1, 4, 2], label: 0) == [1, -1, 0])
    }

    @Test(
        .enabled(if: Golden.isPresent, "reference data are absent: set NTK_GOLDEN"),
        arguments: ["attack_fc3_binary", "attack_fc3_multi", "attack_cnn2_flat_multi"], ["inf", "t"])
    func crossEntropyAgreesWithReferenceData(name: String, time: String) throws {
        let archive = try Golden.archive(name)
        let (f, losses, labels) = try (
            archive.tensor("f_" + time), archive.tensor("loss_" + time), archive.tensor("label")
        )
        let objective = AttackObjective(loss: .crossEntropy)
        for i in 0..<f.count {
            let value = objective.value(f[i..<i + 1].elements[...], label: Int(labels.elements[i]))
            #expect(abs(value - losses.elements[i]) < 1e-13)
        }
    }
}

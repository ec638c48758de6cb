import Compute
import TestSupport
import Testing

@testable import Attacks

@Suite struct FGSMTests {
    private func perturb(
        _ attack: any Attack, _ points: Tensor<Double>, _ labels: [Int]?, _ model: FormulaModel, eps: Double,
        box: ClosedRange<Double>? = nil
    ) throws -> AdversarialExamples {
        try attack.perturb(
            AttackBatch(points: points, labels: labels), of: model, within: ThreatModel(eps: eps, box: box),
            control: AttackControl())
    }

    @Test(arguments: AttackLoss.allCases)
    func aLinearModelMovesAgainstItsWeights(loss: AttackLoss) throws {
        // Halves and quarters: every sum is exact.
        let weights = [0.1875, -0.25, 0, 0.03125]
        let points = Tensor(shape: [2, 2, 2], elements: [1, -1, 0.5, 4, -2, 0.25, 1, 1])
        let labels = [1, -1]
        let model = FormulaModel.linear([weights])
        // Both points are classified correctly and short of ±1: every loss rises as y f falls.
        #expect(
            try model.predict(model.backend.upload(points.elements, as: .float64), count: 2).elements == [
                0.5625, -0.40625,
            ])
        let examples = try perturb(FGSM(loss: loss), points, labels, model, eps: 0.125)
        for i in 0..<2 {
            for j in 0..<4 {
                let sign = weights[j] > 0 ? 1.0 : weights[j] < 0 ? -1 : 0
                #expect(
                    examples.points.elements[4 * i + j]
                        == points.elements[4 * i + j] - 0.125 * Double(labels[i]) * sign)
            }
        }
        #expect(examples.points.shape == [2, 2, 2])
        #expect(examples.predictions.elements == [0.5625 - 0.125 * 0.46875, -0.40625 + 0.125 * 0.46875])
        #expect(examples.cleanPredictions.elements == [0.5625, -0.40625])
    }

    @Test func severalClassesUseTheSoftmax() throws {
        let weights = [[1.0, -1, 0.5, 0.1], [0.9, 1, -0.2, -2], [0.95, 0.4, 0.8, 0.3]]
        let points = Tensor(shape: [1, 4], elements: [0.5, 0.25, 0.75, 0.5])
        let model = FormulaModel.linear(weights)
        let f = weights.map { zip($0, points.elements).reduce(0.0) { $0 + $1.0 * $1.1 } }
        let exponentials = f.map { exp($0) }
        let total = exponentials.reduce(0, +)
        var differsFromOneOutput = false
        for label in 0..<3 {
            let found = try perturb(FGSM(), points, [label], model, eps: 0.125).points.elements
            for j in 0..<4 {
                let gradient = (0..<3).reduce(0.0) {
                    $0 + (exponentials[$1] / total - ($1 == label ? 1 : 0)) * weights[$1][j]
                }
                #expect(found[j] == points.elements[j] + (gradient > 0 ? 0.125 : -0.125))
                // What the binary loss of the label's own output would do.
                if found[j] != points.elements[j] - (weights[label][j] > 0 ? 0.125 : -0.125) {
                    differsFromOneOutput = true
                }
            }
        }
        #expect(differsFromOneOutput)
    }

    @Test func targetedAttacksApproachTheirClass() throws {
        let model = FormulaModel.linear([[1.0, 0, 0], [0, 1, 0], [0, 0, 1]])
        let points = Tensor(shape: [1, 3], elements: [0.5, 0.375, 0.25])
        let examples = try perturb(FGSM(goal: .targeted(2)), points, nil, model, eps: 0.25)
        #expect(examples.points.elements == [0.25, 0.125, 0.5])
        #expect(examples.isSuccessful == [true])
    }

    @Test func attacksOnThePredictionNeedNoLabels() throws {
        let model = FormulaModel.linear([[1.0, -1]])
        let points = Tensor(shape: [2, 2], elements: [1, 0.5, 0.5, 1])
        let examples = try perturb(FGSM(goal: .prediction), points, nil, model, eps: 0.5)
        #expect(examples.points.elements == [0.5, 1, 1, 0.5])
        #expect(examples.isSuccessful == [true, true])
    }

    @Test func theBoxHolds() throws {
        let model = FormulaModel.linear([[1.0, -1]])
        let points = Tensor(shape: [1, 2], elements: [0.0625, 0.875])
        let examples = try perturb(FGSM(), points, [1], model, eps: 0.25, box: 0...1)
        #expect(examples.points.elements == [0, 1])
    }

    @Test func confidentPredictionsDoNotStopTheAttack() throws {
        let model = FormulaModel.linear([[4000, -4000]], precision: .float32)
        let points = Tensor(shape: [1, 2], elements: [1.0, 0])
        let examples = try perturb(FGSM(), points, [1], model, eps: 0.25)
        #expect(examples.points.elements == [0.75, 0.25])
        #expect(examples.zeroGradients == 0)
    }

    /// The reference gradient through the attack gives the reference points, bit for bit in float64.
    @Test(
        .enabled(if: Golden.isPresent, "reference data are absent: set NTK_GOLDEN"),
        arguments: ["attack_fc3_binary", "attack_fc3_multi", "attack_cnn2_gap_binary"])
    func referenceDataAgree(name: String) throws {
        struct Case: Decodable {
            let id: String
            let epsFgsm: [Double]
        }
        struct Extra: Decodable { let attack: [Case] }
        let eps = try #require(
            try Golden.decode(Extra.self, from: "extra.json").attack.first { $0.id == name }?.epsFgsm)
        let archive = try Golden.archive(name)
        let (points, f, gradient, wanted) = try (
            archive.tensor("Z"), archive.tensor("f_inf"), archive.tensor("lossgrad_inf"), archive.tensor("fgsm_inf")
        )
        let labels = try archive.tensor("label").elements.map { Int($0) }
        for i in 0..<points.count {
            let model = FormulaModel(outputs: f.stride) { _ in
                f[i..<i + 1].elements
            } gradient: { _, _ in
                gradient[i..<i + 1].elements
            }
            for (e, eps) in eps.enumerated() {
                let found = try perturb(FGSM(), points[i..<i + 1], [labels[i]], model, eps: eps, box: 0...1)
                let reference = wanted[e..<e + 1].reshaped(points.shape)[i..<i + 1]
                // One rounding of x ± ε, and one step back where it left the ball.
                #expect(zip(found.points.elements, reference.elements).allSatisfy { abs($0 - $1) <= 2.3e-16 })
            }
        }
    }
}

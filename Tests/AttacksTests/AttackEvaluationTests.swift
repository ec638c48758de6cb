import Compute
import Synchronization
import Testing

@testable import Attacks

@Suite struct AttackEvaluationTests {
    private let points = Tensor(shape: [4, 2], elements: [0.5, 0.25, 0.25, 0.5, 0.5, 0.4375, 0.5, 0.5])
    private let labels = [1, -1, 1, -1]

    @Test func accuraciesDistancesAndCounts() throws {
        let evaluation = AttackEvaluation(attack: FGSM(), eps: [0, 0.0625, 0.25], batchSize: 3)
        let steps = Mutex(0)
        let results = try evaluation.run(
            points: points, labels: labels, model: FormulaModel.linear([[1.0, -1]]),
            control: AttackControl(onStep: { points in steps.withLock { $0 += points } }))
        #expect(results.map(\.eps) == [0, 0.0625, 0.25])
        // The last point has f = 0, which counts as +1, and is labelled −1.
        #expect(results.map(\.score.cleanAccuracy) == [0.75, 0.75, 0.75])
        #expect(results.map(\.score.robustAccuracy) == [0.75, 0.5, 0])
        #expect(results.map(\.score.maximumDistance) == [0, 0.0625, 0.25])
        #expect(results.map(\.score.successRate) == [0.25, 0.5, 1])
        #expect(results[2].score.meanValue > results[1].score.meanValue)
        #expect(steps.withLock { $0 } == evaluation.pointSteps(points: 4))
        #expect(evaluation.warnings(results).isEmpty)
    }

    @Test func ties() {
        #expect(Labels.predicted([0.0]) == 1)
        #expect(Labels.predicted([-0.0]) == 1)
        #expect(Labels.predicted([-1e-300]) == -1)
        #expect(Labels.predicted([1, 3, 3, 2]) == 1)
        #expect(Labels.accuracy([1, 2, 5, 0], outputs: 2, labels: [1, 1]) == 0.5)
        #expect(Labels.accuracy([], outputs: 2, labels: []) == 0)
    }

    @Test func withoutLabelsThereIsNoAccuracy() throws {
        let results = try AttackEvaluation(attack: FGSM(goal: .prediction), eps: [0.25], batchSize: 10)
            .run(points: points, labels: nil, model: FormulaModel.linear([[1.0, -1]]))
        #expect(results[0].score.cleanAccuracy == nil && results[0].score.robustAccuracy == nil)
        #expect(results[0].score.successRate == 1)
    }

    @Test func flatModelsAreDoubted() throws {
        let evaluation = AttackEvaluation(attack: FGSM(), eps: [0.25], batchSize: 10)
        let results = try evaluation.run(
            points: points, labels: labels, model: FormulaModel.linear([[0.0, 0]], biases: [1]))
        #expect(
            evaluation.warnings(results) == [
                "fgsm at eps 0.25: the gradient of 2 of 4 points is zero, so they cannot be moved and their robustness "
                    + "means nothing"
            ])
    }

    @Test func risingRobustAccuracyIsDoubted() throws {
        // f = (x − 1/4)² − 1/64: one long step jumps over the dip into which a short one falls.
        let model = FormulaModel.quadratic([1], centre: [0.25], offset: -1.0 / 64)
        let evaluation = AttackEvaluation(attack: FGSM(), eps: [0.5, 0.25], box: nil, batchSize: 10)
        let results = try evaluation.run(points: Tensor(shape: [1, 1], elements: [0.0]), labels: [1], model: model)
        #expect(
            evaluation.warnings(results).contains(
                "fgsm: robust accuracy rises from 0.0 at eps 0.25 to 1.0 at eps 0.5: the attack is too weak at the "
                    + "larger radius"))
    }

    @Test func shortReachIsDoubted() {
        let doubts = PGD(steps: 2, stepSize: 0.125).doubts(about: ThreatModel(eps: 0.5))
        #expect(doubts == ["pgd at eps 0.5: 2 steps of 0.125 reach only 0.25; raise step or steps"])
        #expect(PGD(steps: 4, stepSize: 0.125).doubts(about: ThreatModel(eps: 0.5)).isEmpty)
    }

    @Test func noPointsNoResult() throws {
        let results = try AttackEvaluation(attack: FGSM(), eps: [0.25], batchSize: 10)
            .run(points: Tensor(shape: [0, 2], elements: []), labels: [], model: FormulaModel.linear([[1.0, -1]]))
        #expect(results.isEmpty)
    }
}

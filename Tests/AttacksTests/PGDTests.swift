import Compute
import Testing

@testable import Attacks

@Suite struct PGDTests {
    private func perturb(
        _ attack: any Attack, _ points: Tensor<Double>, _ labels: [Int], _ model: FormulaModel, eps: Double,
        box: ClosedRange<Double>? = nil
    ) throws -> AdversarialExamples {
        try attack.perturb(
            AttackBatch(points: points, labels: labels), of: model, within: ThreatModel(eps: eps, box: box),
            control: AttackControl())
    }

    private let origin = Tensor(shape: [1, 1], elements: [0.0])

    /// f = (x − 0.375)², lowered: steps of 1/4 pass the minimum and turn back, where a gradient that is always taken
    /// at the start would run on to the border.
    @Test(arguments: [(1, 0.25), (2, 0.5), (3, 0.25), (4, 0.5), (5, 0.25)])
    func theGradientIsTakenAtTheCurrentPoint(steps: Int, wanted: Double) throws {
        let model = FormulaModel.quadratic([1], centre: [0.375])
        let examples = try perturb(PGD(steps: steps, stepSize: 0.25), origin, [1], model, eps: 1)
        #expect(examples.points.elements == [wanted])
        let visited = model.visited.withLock { $0 }
        #expect(visited == Array([[0.0], [0.25], [0.5], [0.25], [0.5]][..<steps]))
    }

    @Test func moreStepsGoFurther() throws {
        let model = FormulaModel.linear([[1.0]])
        for steps in 1...6 {
            let examples = try perturb(PGD(steps: steps, stepSize: 0.125), origin, [1], model, eps: 0.5)
            #expect(examples.points.elements == [-min(0.125 * Double(steps), 0.5)])
        }
    }

    /// From a random start, long steps end on the border around the clean point, not around the start.
    @Test(arguments: 0..<20)
    func theBallIsAroundTheCleanPoint(seed: UInt64) throws {
        let model = FormulaModel.linear([[1.0, -1]])
        let points = Tensor(shape: [1, 2], elements: [0.5, 0.25])
        let attack = PGD(steps: 4, stepSize: 0.5, randomStart: true, seed: seed)
        let examples = try perturb(attack, points, [1], model, eps: 0.25)
        #expect(examples.points.elements == [0.25, 0.5])
        #expect(examples.distances == [0.25])
    }

    @Test func randomStartsFillTheBallAndDifferByRunPointAndSeed() throws {
        // A model without gradient stays where it starts.
        let points = Tensor(shape: [200, 1], repeating: 0.5)
        let labels = [Int](repeating: 1, count: 200)
        func starts(_ seed: UInt64) throws -> [Double] {
            let model = FormulaModel(outputs: 1) { _ in
                [1]
            } gradient: { x, _ in
                x.map { _ in 0 }
            }
            let attack = PGD(steps: 1, stepSize: 0, randomStart: true, seed: seed)
            return try perturb(attack, points, labels, model, eps: 0.25, box: 0...1).points.elements
        }
        let (a, b) = (try starts(1), try starts(2))
        #expect(try starts(1) == a)
        #expect(a != b)
        #expect(Set(a).count == 200)
        #expect(a.allSatisfy { abs($0 - 0.5) <= 0.25 })
        #expect(a.contains { $0 < 0.3 } && a.contains { $0 > 0.7 })
    }

    @Test func aSecondRunStartsAtRandomAndEachPointKeepsTheBest() throws {
        // From 0 the way down leads to the shallow minimum at −1/2, from the right half to the deep one at 1/2.
        let model = FormulaModel(outputs: 1) { x in
            [1 + (x[0] < 0.125 ? (x[0] + 0.5) * (x[0] + 0.5) : (x[0] - 0.5) * (x[0] - 0.5) - 3)]
        } gradient: { x, cotangent in
            [cotangent[0] * 2 * (x[0] < 0.125 ? x[0] + 0.5 : x[0] - 0.5)]
        }
        let points = Tensor(shape: [20, 1], repeating: 0.0)
        let labels = [Int](repeating: 1, count: 20)
        let one = try perturb(PGD(steps: 20, stepSize: 0.0625), points, labels, model, eps: 1)
        let four = try perturb(PGD(steps: 20, stepSize: 0.0625, restarts: 6), points, labels, model, eps: 1)
        #expect(one.isSuccessful.allSatisfy { !$0 })
        // Each random start is right of 1/8 with probability 7/16: five of them miss one point in 18.
        #expect(four.isSuccessful.count { $0 } >= 15)
        #expect(zip(one.values, four.values).allSatisfy { $0 <= $1 })
    }

    @Test func pointsWithoutGradientStay() throws {
        let model = FormulaModel.linear([[1.0, 0]])
        let points = Tensor(shape: [1, 2], elements: [0.5, 0.25])
        let examples = try perturb(PGD(steps: 3, stepSize: 0.125), points, [1], model, eps: 0.25)
        #expect(examples.points.elements == [0.25, 0.25])
        let flat = FormulaModel.linear([[0.0, 0]], biases: [1])
        let stuck = try perturb(PGD(steps: 3, stepSize: 0.125), points, [1], flat, eps: 0.25)
        #expect(stuck.points == points && stuck.zeroGradients == 1)
        // A point that is misclassified already owes no gradient.
        #expect(try perturb(PGD(steps: 3), points, [-1], flat, eps: 0.25).zeroGradients == 0)
    }

    @Test func theDefaultStepIsTwoAndAHalfRadiiOverTheSteps() throws {
        let model = FormulaModel.linear([[1.0]])
        let examples = try perturb(PGD(steps: 1), origin, [1], model, eps: 0.25)
        #expect(examples.points.elements == [-0.25])
        _ = try perturb(PGD(steps: 10), origin, [1], model, eps: 0.5)
        #expect(model.visited.withLock { $0.dropFirst(2).first } == [-0.125])
    }
}

import Compute
import Testing

@testable import Attacks

/// Points from elsewhere: what is taken, what is counted as outside, what is warned of.
@Suite struct FoundExamplesTests {
    private let clean = Tensor<Double>(shape: [6, 2], elements: Array(repeating: 0.5, count: 12))

    private func results(
        _ points: [Double], eps: [Double] = [0.1], precision: Precision = .float64
    ) throws -> (evaluation: AttackEvaluation, results: [AttackResult]) {
        let evaluation = AttackEvaluation(
            attack: FoundExamples(all: Tensor(shape: [6, 2], elements: points)), eps: eps, batchSize: 4)
        let model = FormulaModel.linear([[1, -1]], precision: precision)
        return (
            evaluation, try evaluation.run(points: clean, labels: Array(repeating: 1, count: 6), model: model)
        )
    }

    @Test func pointsOutsideCountAsClean() throws {
        let points = [
            0.45, 0.55,  // inside, leaves the class
            0.3, 0.5,  // outside the ball
            .nan, 0.5, 0.5, .infinity,  // no points
            0.5, 0.5,  // not moved
            0.4 - 1e-7, 0.6 + 1e-7,  // outside by rounding of single precision
        ]
        let (evaluation, found) = try results(points)
        let result = try #require(found.first)
        #expect(result.score.outside == 3 && result.examples.outside == 3)
        #expect(result.examples.isSuccessful == [true, false, false, false, false, true])
        #expect(Array(result.examples.points.elements[..<2]) == [0.45, 0.55])
        #expect(Array(result.examples.points.elements[2..<10]) == Array(repeating: 0.5, count: 8))
        #expect(result.score.maximumDistance <= 0.1 && result.score.maximumDistance > 0.0999999)
        #expect(
            evaluation.warnings(found) == [
                "file at eps 0.1: 3 of 6 points lie outside the ball or the box, so the clean ones stand for them"
            ])
    }

    /// A radius without room takes clean points only.
    @Test func everyRadiusCountsForItself() throws {
        let points = [0.45, 0.55, 0.3, 0.5] + Array(repeating: 0.5, count: 8)
        let (_, found) = try results(points, eps: [0, 0.1, 0.3])
        #expect(found.map(\.score.outside) == [2, 1, 0])
        #expect(found[0].examples.points == clean)
    }

    /// Worse points are what someone wants to know about, not a fault of steps.
    @Test func worsePointsAreNoFault() throws {
        let (evaluation, found) = try results(Array(repeating: [0.55, 0.45], count: 6).flatMap { $0 })
        #expect(found[0].score.meanValue < found[0].score.meanCleanValue)
        #expect(evaluation.warnings(found).isEmpty)
    }

    @Test func pointsOfSinglePrecisionStayAsTheyAre() throws {
        let numbers = (0..<12).map { Double(Float(0.5 + 0.01 * Double($0 - 6))) }
        let (_, found) = try results(numbers, precision: .float32)
        #expect(found[0].score.outside == 0 && found[0].examples.points.elements == numbers)
    }
}

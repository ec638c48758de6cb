import Compute
import TestSupport
import Testing

@testable import Attacks

/// One perturbation for all points.
@Suite struct UniversalTests {
    private func examples(
        _ attack: Universal, _ points: Tensor<Double>, _ labels: [Int], _ threat: ThreatModel, _ model: FormulaModel
    ) throws -> AdversarialExamples {
        try attack.perturb(
            AttackBatch(points: points, labels: labels), of: model, within: threat, control: AttackControl())
    }

    /// Of a linear model every gradient has one sign: the best perturbation is known.
    @Test func linearModelsAreMovedAsFarAsTheyCan() throws {
        let model = FormulaModel.linear([[1, -2, 0.5]])
        let points = Tensor<Double>(shape: [2, 3], elements: [0.5, 0.5, 0.5, 0.3, 0.05, 0.7])
        let found = try examples(Universal(steps: 4), points, [1, 1], ThreatModel(eps: 0.1), model)
        // Down for the first and third number, up for the second.
        let wanted = [0.4, 0.6, 0.4, 0.2, 0.15, 0.6]
        #expect(zip(found.points.elements, wanted).allSatisfy { abs($0 - $1) < 1e-12 })
        // Labels of both signs pull apart, so the sum decides: at equal weight nothing is gained, and nothing lost.
        let torn = try examples(Universal(loss: .margin, steps: 4), points, [1, -1], ThreatModel(eps: 0.1), model)
        #expect(torn.points == points)
    }

    struct Setting {
        let points: Tensor<Double>
        let labels: [Int]
        let threat: ThreatModel
        let model: FormulaModel

        init(_ seed: UInt64, _ precision: Precision) {
            var generator = SeededGenerator(seed: seed)
            let (m, d) = (Int.random(in: 1...9, using: &generator), Int.random(in: 1...8, using: &generator))
            let k = [1, 3].randomElement(using: &generator) ?? 1
            let numbers = generator.numbers(m * d, in: 0...1)
            points = Tensor(shape: [m, d], elements: numbers.map { Double(Float($0)) })
            labels = (0..<m).map { _ in
                k == 1 ? (Bool.random(using: &generator) ? 1 : -1) : Int.random(in: 0..<k, using: &generator)
            }
            let norm = ThreatModel.Norm.allCases.randomElement(using: &generator) ?? .linf
            threat = ThreatModel(norm: norm, eps: [0, 0.05, 0.3].randomElement(using: &generator) ?? 0)
            model = .wavy((0..<k).map { _ in generator.numbers(d) }, precision: precision)
        }
    }

    /// Inside the box all points move alike; ball and box hold in every number.
    @Test(arguments: 0..<80) func ballAndBoxHold(seed: UInt64) throws {
        let precision: Precision = seed.isMultiple(of: 2) ? .float32 : .float64
        let setting = Setting(seed, precision)
        let found = try examples(Universal(steps: 5), setting.points, setting.labels, setting.threat, setting.model)
        #expect(found.distances.allSatisfy { $0 <= setting.threat.eps })
        #expect(found.points.elements.allSatisfy { (0...1).contains($0) })
        if setting.threat.eps == 0 { #expect(found.points == setting.points) }
        let d = setting.points.stride
        for j in 0..<d {
            let moves = (0..<setting.points.count).compactMap { i -> Double? in
                let moved = found.points.elements[i * d + j]
                return moved > 0 && moved < 1 ? moved - setting.points.elements[i * d + j] : nil
            }
            let spread = (moves.max() ?? 0) - (moves.min() ?? 0)
            #expect(spread < 1e-6)
        }
    }

    /// What was best stays: more steps never leave more points right.
    @Test(arguments: 0..<40) func moreStepsNeverHelpTheDefender(seed: UInt64) throws {
        let setting = Setting(seed, .float64)
        let successes = try [1, 2, 5, 12].map { steps in
            try examples(
                Universal(steps: steps, stepSize: 0.03), setting.points, setting.labels, setting.threat, setting.model
            ).isSuccessful.count { $0 }
        }
        #expect(zip(successes, successes.dropFirst()).allSatisfy { $0 <= $1 })
    }

    /// The points that a flat model leaves where they are, and what the search has cost.
    @Test func zeroGradientsAndCost() throws {
        let points = Tensor(shape: [3, 1], elements: [0.25, 0.5, 0.75])
        let found = try examples(
            Universal(steps: 4), points, [1, -1, 1], ThreatModel(eps: 0.1), .linear([[0.0]], biases: [1]))
        #expect(found.zeroGradients == 2 && found.points == points)
        // Five responses of three points, and one prediction of each.
        #expect(found.pointSteps == 18 && found.seconds > 0)
    }

    /// An evaluation searches for one perturbation of all its points, however many the model takes at a time.
    @Test func anEvaluationHasOnePerturbation() throws {
        let points = Tensor<Double>(shape: [3, 2], elements: [0.25, 0.5, 0.5, 0.25, 0.75, 0.5])
        let results = try AttackEvaluation(attack: Universal(steps: 4), eps: [0.1], batchSize: 1)
            .run(points: points, labels: [1, 1, -1], model: FormulaModel.linear([[1.0, -1]]))
        let moved = try #require(results.first).examples.points.elements
        let moves = zip(moved, points.elements).map { $0 - $1 }
        #expect(moves.contains { $0 != 0 })
        #expect((0..<6).allSatisfy { abs(moves[$0] - moves[$0 % 2]) < 1e-12 })
    }

    /// Responses of batches add up to those of all points.
    @Test(arguments: 0..<30) func batchesDoNotMatter(seed: UInt64) throws {
        let setting = Setting(seed, .float32)
        let attack = Universal(steps: 3)
        func delta(_ size: Int) throws -> [Double] {
            var search = attack.search(size: setting.points.stride, within: setting.threat, .float32)
            while !search.isDone {
                let responses = try stride(from: 0, to: setting.points.count, by: size).map { start in
                    let range = start..<min(start + size, setting.points.count)
                    let labels = Array(setting.labels[range])
                    return try attack.response(
                        AttackBatch(points: setting.points[range], labels: labels, firstIndex: start), labels,
                        to: search.delta, of: setting.model, within: setting.threat)
                }
                search.advance(responses)
            }
            return search.best
        }
        let whole = try delta(100)
        for size in [1, 2, 4] { #expect(try delta(size) == whole) }
        let found = try examples(attack, setting.points, setting.labels, setting.threat, setting.model)
        let moved = try attack.examples(
            AttackBatch(points: setting.points, labels: setting.labels), moved: whole, of: setting.model,
            within: setting.threat)
        #expect(found.points == moved.points && found.isSuccessful == moved.isSuccessful)
    }
}

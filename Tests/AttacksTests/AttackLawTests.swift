import Compute
import TestSupport
import Testing

@testable import Attacks

/// What every attack obeys, over random settings.
@Suite struct AttackLawTests {
    struct Setting: Sendable {
        let attack: any Attack
        let norm: ThreatModel.Norm
        let eps: Double
        let box: ClosedRange<Double>?
        let points: Tensor<Double>
        let labels: [Int]
        let weights: [[Double]]

        init(_ seed: UInt64) {
            var generator = SeededGenerator(seed: seed)
            let (m, d) = (Int.random(in: 1...9, using: &generator), Int.random(in: 1...12, using: &generator))
            let k = [1, 1, 2, 3, 10].randomElement(using: &generator) ?? 1
            let loss = AttackLoss.allCases.randomElement(using: &generator) ?? .crossEntropy
            norm = ThreatModel.Norm.allCases.randomElement(using: &generator) ?? .linf
            eps = [0, 1e-9, 1.0 / 255, 8.0 / 255, 0.1, 0.3, 2].randomElement(using: &generator) ?? 0
            let isBoxed = Bool.random(using: &generator)
            box = isBoxed ? 0...1 : nil
            points = Tensor(shape: [m, d], elements: generator.numbers(m * d, in: isBoxed ? 0...1 : -3...3))
            labels = (0..<m).map { _ in
                k == 1 ? (Bool.random(using: &generator) ? 1 : -1) : Int.random(in: 0..<k, using: &generator)
            }
            weights = (0..<k).map { _ in generator.numbers(d) }
            let goals: [AttackGoal] = [.label, .prediction, .targeted(k == 1 ? -1 : 0)]
            let goal = goals.randomElement(using: &generator) ?? .label
            let steps = Int.random(in: 1...8, using: &generator)
            let sizes: [Double?] = [nil, 2.0 / 255, 0.07, 1]
            let restarts = Int.random(in: 1...3, using: &generator)
            let attacks: [any Attack] = [
                FGSM(loss: loss, goal: goal), RandomFGSM(loss: loss, goal: goal, restarts: restarts, seed: seed),
                PGD(
                    loss: loss, goal: goal, steps: steps, stepSize: sizes.randomElement(using: &generator) ?? nil,
                    momentum: [0, 1].randomElement(using: &generator) ?? 0, restarts: restarts,
                    randomStart: Bool.random(using: &generator), seed: seed),
            ]
            attack = attacks.randomElement(using: &generator) ?? FGSM()
        }

        func run(
            eps: Double? = nil, batchSize: Int = 100, attack: (any Attack)? = nil, precision: Precision = .float32
        ) throws -> AttackResult {
            try #require(
                try AttackEvaluation(
                    attack: attack ?? self.attack, norm: norm, eps: [eps ?? self.eps], box: box, batchSize: batchSize
                )
                .run(points: points, labels: labels, model: FormulaModel.wavy(weights, precision: precision))
                .first)
        }
    }

    @Test(arguments: 0..<60)
    func noRadiusNoChange(seed: UInt64) throws {
        let setting = Setting(seed)
        let result = try setting.run(eps: 0)
        let clean = setting.points.elements.map { Float($0).bitPattern }
        #expect(result.examples.points.elements.map { Float($0).bitPattern } == clean)
        #expect(result.examples.predictions == result.examples.cleanPredictions)
        #expect(result.score.robustAccuracy == result.score.cleanAccuracy)
        #expect(result.score.maximumDistance == 0)
    }

    @Test(arguments: 0..<200)
    func ballAndBoxHoldExactly(seed: UInt64) throws {
        let setting = Setting(seed)
        let result = try setting.run()
        for point in result.examples.points.elements {
            #expect(point.isFinite && Double(Float(point)) == point)
            #expect(setting.box?.contains(point) != false)
        }
        // As someone measures who knows single precision only, summing from the first number to the last.
        let clean = setting.points.elements.map { Float($0) }
        let moved = result.examples.points.elements.map { Float($0) }
        for start in stride(from: 0, to: clean.count, by: setting.points.stride) {
            let delta = (start..<start + setting.points.stride).map { moved[$0] - clean[$0] }
            #expect(Double(length(delta, setting.norm)) <= setting.eps)
        }
        #expect(result.score.maximumDistance <= setting.eps)
        let double = try setting.run(precision: .float64)
        for start in stride(from: 0, to: clean.count, by: setting.points.stride) {
            let delta = (start..<start + setting.points.stride).map {
                double.examples.points.elements[$0] - setting.points.elements[$0]
            }
            #expect(length(delta, setting.norm) <= setting.eps)
        }
        #expect(double.examples.points.elements.allSatisfy { setting.box?.contains($0) != false })
    }

    private func length<T: Real>(_ delta: [T], _ norm: ThreatModel.Norm) -> T {
        switch norm {
        case .linf: delta.reduce(0) { max($0, abs($1)) }
        case .l2: delta.reduce(0) { $0 + $1 * $1 }.squareRoot()
        case .l1: delta.reduce(0) { $0 + abs($1) }
        }
    }

    @Test(arguments: 0..<60)
    func restartsNeverHelpTheDefender(seed: UInt64) throws {
        let setting = Setting(seed)
        let losses = AttackLoss.allCases
        let loss = losses[Int(seed) % losses.count]
        let accuracies = try (1...5).map { restarts in
            try setting.run(
                eps: 0.3, attack: PGD(loss: loss, steps: 3, stepSize: 0.1, restarts: restarts, seed: seed)
            ).score.robustAccuracy ?? .nan
        }
        #expect(zip(accuracies, accuracies.dropFirst()).allSatisfy { $0 >= $1 })
    }

    @Test(arguments: 0..<40)
    func batchesDoNotMatter(seed: UInt64) throws {
        let setting = Setting(seed)
        let whole = try setting.run().examples
        for size in [1, 2, 4] {
            let parts = try setting.run(batchSize: size).examples
            #expect(parts.points == whole.points && parts.predictions == whole.predictions)
            #expect(parts.values == whole.values && parts.zeroGradients == whole.zeroGradients)
        }
    }

    /// The clean columns are the model at the clean points, whatever the attack did.
    @Test(arguments: 0..<40)
    func cleanResultsAreClean(seed: UInt64) throws {
        let setting = Setting(seed)
        let examples = try setting.run().examples
        let model = FormulaModel.wavy(setting.weights, precision: .float32)
        let clean = try model.predict(
            model.backend.upload(setting.points.elements, as: .float32), count: setting.points.count)
        #expect(examples.cleanPredictions == clean)
        let attacked = try model.predict(
            model.backend.upload(examples.points.elements, as: .float32), count: setting.points.count)
        #expect(examples.predictions == attacked)
    }
}

import Compute
import Synchronization
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
            let away: AttackGoal = goal == .prediction ? .prediction : .label
            var attacks: [any Attack] = [
                FGSM(loss: loss, goal: goal), RandomFGSM(loss: loss, goal: goal, restarts: restarts, seed: seed),
                PGD(
                    loss: loss, goal: goal, steps: steps, stepSize: sizes.randomElement(using: &generator) ?? nil,
                    momentum: [0, 1].randomElement(using: &generator) ?? 0, restarts: restarts,
                    randomStart: Bool.random(using: &generator), seed: seed),
                APGD(.crossEntropy, goal: goal, steps: 10 * steps, restarts: restarts, seed: seed),
                APGD(.ratio, goal: goal, steps: 10 * steps, restarts: restarts, seed: seed),
                APGD(.targeted, goal: away, steps: 10 * steps, restarts: restarts, classes: 3, seed: seed),
                FAB(goal: away, steps: steps, restarts: restarts, seed: seed),
                FAB(isTargeted: true, goal: away, steps: steps, restarts: restarts, classes: 3, seed: seed),
                Square(goal: goal, queries: 20 * steps, restarts: restarts, seed: seed),
                DeepFool(goal: away, steps: steps), Taylor(goal: goal), Universal(loss: loss, goal: goal, steps: steps),
            ]
            if norm == .l2 { attacks.append(CarliniWagner(goal: goal, steps: 10 * steps, searches: 3)) }
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

    @Test(arguments: 0..<150)
    func noRadiusNoChange(seed: UInt64) throws {
        let setting = Setting(seed)
        let result = try setting.run(eps: 0)
        let clean = setting.points.elements.map { Float($0).bitPattern }
        #expect(result.examples.points.elements.map { Float($0).bitPattern } == clean)
        #expect(result.examples.predictions == result.examples.cleanPredictions)
        #expect(result.score.robustAccuracy == result.score.cleanAccuracy)
        #expect(result.score.maximumDistance == 0)
    }

    @Test(arguments: 0..<400)
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

    @Test(arguments: 0..<120)
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
    @Test(arguments: 0..<120)
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

    /// What was found at a smaller radius counts at a larger one, whose ball holds it.
    @Test(arguments: 0..<60)
    func robustAccuracyNeverRisesWithTheRadius(seed: UInt64) throws {
        let setting = Setting(seed)
        let attacks: [any Attack] = [
            APGD(.crossEntropy, steps: 5, seed: seed), APGD(.targeted, steps: 5, seed: seed),
            FAB(steps: 5, seed: seed), Square(queries: 20, seed: seed), DeepFool(steps: 5),
        ]
        for attack in attacks {
            let evaluation = AttackEvaluation(
                attack: attack, norm: setting.norm, eps: [0.3, 0, 0.05, 1], box: setting.box, batchSize: 4)
            let results = try evaluation.run(
                points: setting.points, labels: setting.labels,
                model: FormulaModel.wavy(setting.weights, precision: .float32))
            let ordered = results.sorted { $0.eps < $1.eps }.compactMap(\.score.robustAccuracy)
            #expect(zip(ordered, ordered.dropFirst()).allSatisfy { $0 >= $1 }, "\(attack.name): \(ordered)")
            #expect(results.allSatisfy { $0.score.maximumDistance <= $0.eps })
        }
    }

    /// Attacks that keep the best so far lose nothing by going on.
    @Test(arguments: 0..<40)
    func robustAccuracyNeverRisesWithTheBudget(seed: UInt64) throws {
        let setting = Setting(seed)
        func accuracy(_ attack: any Attack) throws -> Double {
            try setting.run(eps: 0.2, attack: attack).score.robustAccuracy ?? .nan
        }
        let restarts = try (1...4).map { try accuracy(APGD(.ratio, steps: 4, restarts: $0, seed: seed)) }
        let steps = try [1, 4, 10, 30].map { try accuracy(FAB(steps: $0, seed: seed)) }
        let runs = try (1...4).map { try accuracy(Square(queries: 10, restarts: $0, seed: seed)) }
        for accuracies in [restarts, steps, runs] {
            #expect(zip(accuracies, accuracies.dropFirst()).allSatisfy { $0 >= $1 }, "\(accuracies)")
        }
    }

    /// AutoAttack is at least as strong as each of its parts, and goes on with what was kept.
    @Test(arguments: 0..<6)
    func autoAttackIsTheBestOfItsPartsAndResumes(seed: UInt64) throws {
        let setting = Setting(seed)
        let model = FormulaModel.wavy(setting.weights, precision: .float32)
        let batch = AttackBatch(points: setting.points, labels: setting.labels)
        let threat = ThreatModel(norm: setting.norm, eps: 0.1, box: setting.box)
        let memory = ArrayMemory()
        let attack = AutoAttack(seed: seed)
        let whole = try attack.perturb(batch, of: model, within: threat, control: AttackControl(memory: memory))
        for part in attack.parts(setting.norm) {
            let alone = try part.perturb(batch, of: model, within: threat, control: AttackControl())
            #expect(zip(whole.isSuccessful, alone.isSuccessful).allSatisfy { $0 || !$1 })
        }
        // Later parts were run on the points that were still robust, and on no others.
        let counts = memory.names.map { memory.load($0)?.count ?? 0 }
        #expect(counts.first == batch.points.count && zip(counts, counts.dropFirst()).allSatisfy { $0 >= $1 })
        // Stopped behind any of its parts: the points, the counts and what is judged are the same.
        for kept in 0...memory.names.count {
            let asked = model.visited.withLock { $0.count }
            let again = try attack.perturb(
                batch, of: model, within: threat, control: AttackControl(memory: memory.first(kept)))
            #expect(again.points == whole.points && again.predictions == whole.predictions)
            #expect(again.values == whole.values && again.isSuccessful == whole.isSuccessful)
            #expect(again.zeroGradients == whole.zeroGradients)
            #expect(kept < memory.names.count || model.visited.withLock { $0.count } == asked)
        }
    }
}

private final class ArrayMemory: AttackMemory {
    private let arrays = Mutex<[(name: String, tensor: Tensor<Double>)]>([])

    /// Names of the points that were kept, in their order.
    var names: [String] { arrays.withLock { $0.map(\.name).filter { !$0.hasSuffix("-zeros") } } }

    /// What a run holds that was stopped behind some of the parts.
    func first(_ parts: Int) -> ArrayMemory {
        let known = names.prefix(parts)
        let memory = ArrayMemory()
        for (name, tensor) in arrays.withLock({ $0 }) where known.contains(name.replacing("-zeros", with: "")) {
            memory.save(tensor, name)
        }
        return memory
    }

    func load(_ name: String) -> Tensor<Double>? { arrays.withLock { $0.first { $0.name == name }?.tensor } }

    func save(_ tensor: Tensor<Double>, _ name: String) {
        arrays.withLock { arrays in
            arrays.removeAll { $0.name == name }
            arrays.append((name, tensor))
        }
    }
}

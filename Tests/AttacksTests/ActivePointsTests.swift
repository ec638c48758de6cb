import Compute
import Synchronization
import Testing

@testable import Attacks

/// Points that have reached the goal cost nothing more.
@Suite struct ActivePointsTests {
    /// f = x₀: the first point is wrong already, the second one falls at 1/8, the third one never.
    private let points = Tensor(shape: [3, 1], elements: [-4, 0.125, 10.0])
    private let labels = [1, 1, 1]
    private let threat = ThreatModel(eps: 0.25, box: nil)

    /// Where gradients were asked for, by the point that they belong to.
    private func visits(_ attack: any Attack, eps: [Double] = [0.25]) throws -> [Int] {
        let model = FormulaModel.linear([[1.0]])
        _ = try AttackEvaluation(attack: attack, eps: eps, box: nil, batchSize: 10)
            .run(points: points, labels: labels, model: model)
        let visited = model.visited.withLock { $0.map { $0[0] } }
        return points.elements.map { origin in visited.count { abs($0 - origin) < 2 } }
    }

    /// Where predictions were asked for, in order.
    private func requests(of attack: any Attack) throws -> [Double] {
        let requests = Requests()
        let model = FormulaModel(outputs: 1) { x in
            requests.add(x[0])
            return [x[0]]
        } gradient: { _, cotangent in
            cotangent
        }
        _ = try attack.perturb(
            AttackBatch(points: points, labels: labels), of: model, within: threat, control: AttackControl())
        return requests.all
    }

    /// The last point of a run is its result, so all take part in the first one; in further ones only robust points.
    @Test func furtherRunsOfPGD() throws {
        #expect(try visits(PGD(steps: 4, restarts: 3)) == [4, 4, 12])
        let random = try visits(RandomFGSM(restarts: 5))
        #expect(random[0] == 1 && random[1] <= 5 && random[2] == 5)
    }

    /// A search ends with the first success.
    @Test(arguments: [APGD.Variant.crossEntropy, .ratio, .targeted]) func stepsOfAPGD(variant: APGD.Variant) throws {
        let found = try visits(APGD(variant, steps: 10, restarts: 2))
        #expect(found[0] == 0 && found[2] >= 20)
        #expect(found[1] < 10)
    }

    @Test func searchesForTheNearestPoint() throws {
        for attack in [FAB(steps: 6), DeepFool(steps: 6)] as [any Attack] {
            #expect(try visits(attack)[0] == 0, "\(attack.name)")
        }
    }

    /// What fell at a smaller radius is not attacked at a larger one.
    @Test func largerRadii() throws {
        let attack = APGD(.crossEntropy, steps: 10)
        let (one, two) = (try visits(attack, eps: [0.25]), try visits(attack, eps: [0.25, 0.5]))
        #expect(two == [0, one[1], 2 * one[2]])
    }

    /// With one output the way up does not depend on the predictions, but for losses that have an end.
    @Test(arguments: AttackLoss.allCases) func pgdAsksForPredictionsWhereTheyMatter(loss: AttackLoss) throws {
        let asked = try [2, 10].map { steps in
            try requests(of: PGD(loss: loss, steps: steps)).count
        }
        #expect((asked[0] == asked[1]) == (loss != .mse && loss != .cw))
    }

    @Test func squareAsksForActivePointsOnly() throws {
        let asked = try requests(of: Square(queries: 20))
        // Once clean; then query by query until the goal is reached.
        let counts = points.elements.map { origin in asked.count { abs($0 - origin) < 2 } }
        #expect(counts[0] == 1 && counts[1] < counts[2] && counts[2] >= 20)
    }
}

/// Points at which a model was asked, in order.
private final class Requests: Sendable {
    private let numbers = Mutex<[Double]>([])

    var all: [Double] { numbers.withLock { $0 } }

    func add(_ number: Double) { numbers.withLock { $0.append(number) } }
}

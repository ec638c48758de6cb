import Compute
import Testing

@testable import Attacks

@Suite struct AttackErrorTests {
    private let points = Tensor(shape: [2, 2], elements: [0.5, 0.25, 0.25, 0.5])

    private func run(
        _ attack: any Attack = FGSM(), points: Tensor<Double>? = nil, labels: [Int]? = [1, -1],
        model: FormulaModel = .linear([[1.0, -1]]), control: AttackControl = AttackControl()
    ) throws(AttackError) -> [AttackResult] {
        try AttackEvaluation(attack: attack, eps: [0.25], batchSize: 1)
            .run(points: points ?? self.points, labels: labels, model: model, control: control)
    }

    private func message(_ body: () throws(AttackError) -> [AttackResult]) -> String {
        do {
            _ = try body()
            return "no error"
        } catch { return error.description }
    }

    @Test func messages() {
        let outside = Tensor(shape: [2, 2], elements: [0.5, 0.25, 1.5, 0.5])
        #expect(
            message { () throws(AttackError) in try run(points: outside) }
                == "point 1 holds 1.5, outside the box [0.0, 1.0]: set the attack's clip to none or data.scale to unit")
        let broken = Tensor(shape: [2, 2], elements: [0.5, .nan, 1, 0.5])
        #expect(
            message { () throws(AttackError) in try run(points: broken) }
                == "point 0 holds nan: an attack needs finite inputs")
        #expect(
            message { () throws(AttackError) in try run(labels: nil) }
                == "an attack on labels needs labels: give test targets or set target: prediction")
        #expect(
            message { () throws(AttackError) in try run(labels: [1, 0]) }
                == "point 1 has the label 0: the model knows -1 and 1")
        #expect(
            message { () throws(AttackError) in try run(FGSM(goal: .targeted(3))) }
                == "an attack is targeted at class 3: the model knows -1 and 1")
        let infinite = FormulaModel(outputs: 1) { _ in
            [.infinity]
        } gradient: { x, _ in
            x
        }
        #expect(
            message { () throws(AttackError) in try run(model: infinite) }
                .hasPrefix("output 0 at point 0 is inf: an attack needs finite predictions"))
        let steep = FormulaModel(outputs: 1) { _ in
            [1]
        } gradient: { x, _ in
            x.map { _ in .nan }
        }
        #expect(
            message { () throws(AttackError) in try run(model: steep) }
                .hasPrefix("the input gradient at point 0 is not finite"))
        #expect(
            message { () throws(AttackError) in try run(control: AttackControl(isCancelled: { true })) }
                == "the attack was cancelled")
    }

    /// Whichever call of the device fails first, its error comes out.
    @Test(arguments: [
        FGSM() as any Attack, PGD(steps: 2, restarts: 2), PGD(steps: 2, randomStart: true),
    ])
    func everyFailureIsReported(attack: any Attack) throws {
        let healthy = HostBackend()
        _ = try run(attack, model: .linear([[1.0, -1]], host: healthy))
        let calls = healthy.calls.withLock { $0.made }
        #expect(calls > 10)
        for call in 1...calls {
            let model = FormulaModel.linear([[1.0, -1]], host: HostBackend(failingCall: call))
            let error = #expect(throws: AttackError.self) { try run(attack, model: model) }
            guard case .compute = error else {
                Issue.record("call \(call): \(String(describing: error))")
                return
            }
        }
    }
}

import Compute
import TangentKernels
import TestSupport
import Testing

@testable import Attacks

@Suite struct FeatureFGSMTests {
    private static let (n, m, d, r) = (12, 7, 9, 5)

    /// Every feature moves as if FGSM had been run on it alone.
    @Test(arguments: [1, 3], [Precision.float64, .float32])
    func isFGSMOnEachFeature(outputs k: Int, precision: Precision) throws {
        let (n, m, d, r) = (Self.n, Self.m, Self.d, Self.r)
        var generator = SeededGenerator(seed: 21)
        let backend = try TestBackends.processor[0].make()
        let program = try Architecture.fc(depth: 2).program(channels: d)
        let training = try backend.prepare(
            program, inputs: Tensor(shape: [n, d], elements: generator.numbers(n * d, in: 0...1)), precision)
        let points = Tensor(shape: [m, d], elements: generator.numbers(m * d, in: 0...1))
        let labels = (0..<m).map { k == 1 ? 2 * ($0 % 2) - 1 : $0 % k }
        let weights = Tensor(shape: [n, r], elements: generator.numbers(n * r))
        let factors = (0..<r).map { _ in generator.numbers(k) }
        let carriers = try KernelPredictor(.ntk, training: training, weights: weights, backend: backend)
        let batch = AttackBatch(points: points, labels: labels)
        let eps = [0, 0.03, 0.2]
        let found = try FeatureFGSM(eps: eps, box: 0...1).perturb(
            batch, carriers: carriers, factors: factors, predictions: try carriers.predictions(at: points))
        #expect(found.map(\.shape) == eps.map { _ in [r, m, d] })
        for feature in 0..<r {
            let column = Tensor(shape: [n, 1], elements: (0..<n).map { weights.elements[$0 * r + feature] })
            let model = CarriedModel(
                try KernelPredictor(.ntk, training: training, weights: column, backend: backend),
                factors: factors[feature])
            for (e, eps) in eps.enumerated() {
                let alone = try FGSM().perturb(
                    batch, of: model, within: ThreatModel(eps: eps, box: 0...1), control: AttackControl())
                #expect(found[e][feature..<feature + 1].reshaped([m, d]) == alone.points)
            }
        }
    }

    @Test func pointsOutsideTheBoxAreRefused() throws {
        let backend = try TestBackends.processor[0].make()
        let program = try Architecture.fc(depth: 1).program(channels: 2)
        let x = Tensor(shape: [2, 2], elements: [0.5, 1, 1, 0.25])
        let carriers = try KernelPredictor(
            .ntk, training: backend.prepare(program, inputs: x, .float64),
            weights: Tensor(shape: [2, 1], elements: [1, -1]), backend: backend)
        let points = Tensor(shape: [1, 2], elements: [0.5, 1.5])
        #expect(throws: AttackError.outsideBox(point: 4, value: 1.5, box: 0...1)) {
            try FeatureFGSM(eps: [0.1], box: 0...1).perturb(
                AttackBatch(points: points, labels: [1], firstIndex: 4), carriers: carriers, factors: [[1]],
                predictions: Tensor(shape: [1, 1], elements: [0.3]))
        }
    }
}

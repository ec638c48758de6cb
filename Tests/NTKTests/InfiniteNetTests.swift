import NTK
import TestSupport
import Testing

@Suite struct InfiniteNetTests {
    private static func inputs(_ count: Int, _ shape: [Int], seed: UInt64) -> Tensor<Double> {
        var generator = SeededGenerator(seed: seed)
        return Tensor(
            shape: [count] + shape, elements: generator.numbers(count * shape.reduce(1, *), in: 0...1))
    }

    @Test(arguments: [Precision.float32, .float64])
    func gramMatrices(precision: Precision) async throws {
        let net = try InfiniteNet(.fc(depth: 3), inputShape: [4, 3, 2], precision: precision)
        let (x, z) = (Self.inputs(9, [4, 3, 2], seed: 1), Self.inputs(5, [4, 3, 2], seed: 2))
        for kind in CovarianceKind.allCases {
            let gram = try await net.gram(x, kind)
            let cross = try await net.gram(z, x, kind)
            #expect(gram.rows == 9 && gram.columns == 9 && gram.precision == precision)
            #expect(cross.rows == 5 && cross.columns == 9)
            for i in 0..<9 { for j in 0..<9 { #expect(gram[i, j] == gram[j, i] && gram[i, j] > 0) } }
        }
    }

    @Test func gradientsAreThoseOfThePredictions() async throws {
        let net = try InfiniteNet(
            Architecture([Dense(weightStd: 1.5, biasStd: 0.1), Erf(), Dense(weightStd: 1, biasStd: 0)]),
            inputShape: [6], precision: .float64)
        let x = Self.inputs(12, [6], seed: 3)
        let y = Self.inputs(12, [2], seed: 4)
        let trained = try await net.trained(on: x, targets: y, diagReg: 1e-2, time: 50)
        #expect(trained.outputs == 2)
        let point = Self.inputs(1, [6], seed: 5)
        let gradients = try trained.inputGradients(at: point)
        #expect(gradients.shape == [1, 2, 6])
        for j in 0..<6 {
            var (up, down) = (point, point)
            up.elements[j] += 1e-5
            down.elements[j] -= 1e-5
            let (above, below) = (try trained.predictions(at: up), try trained.predictions(at: down))
            for c in 0..<2 {
                let difference = (above.elements[c] - below.elements[c]) / 2e-5
                #expect(abs(gradients.elements[c * 6 + j] - difference) < 1e-6)
            }
        }
    }

    @Test func attacksStayInsideTheBallAndTheBox() async throws {
        let net = try InfiniteNet(.fc(depth: 1), inputShape: [8])
        let x = Self.inputs(20, [8], seed: 6)
        let labels = (0..<20).map { $0 % 3 }
        let y = Tensor<Double>(
            shape: [20, 3], elements: labels.flatMap { label in (0..<3).map { $0 == label ? 1.0 : 0 } })
        let trained = try await net.trained(on: x, targets: y, diagReg: 1e-2)
        for moved in [
            try trained.fgsm(at: x, labels: labels, eps: 0.05), try trained.pgd(at: x, labels: labels, eps: 0.05),
        ] {
            #expect(moved.shape == x.shape && moved != x)
            for (a, b) in zip(moved.elements, x.elements) { #expect(abs(a - Double(Float(b))) <= 0.05 && (0...1) ~= a) }
        }
    }

    @Test(arguments: [ThreatModel.Norm.linf, .l2, .l1]) func attacksInEveryNorm(norm: ThreatModel.Norm) async throws {
        let net = try InfiniteNet(.fc(depth: 1), inputShape: [9], precision: .float64)
        let x = Tensor<Double>(shape: [6, 9], elements: (0..<54).map { Double($0 * $0 % 17) / 17 })
        let labels = [1, -1, 1, -1, 1, -1]
        let trained = try await net.trained(
            on: x, targets: Tensor(shape: [6, 1], elements: labels.map { Double($0) }), diagReg: 0.1)
        let step = try trained.fgsm(at: x, labels: labels, eps: 0.3, norm: norm)
        let steps = try trained.pgd(at: x, labels: labels, eps: 0.3, norm: norm, steps: 5)
        for moved in [step, steps] {
            let predictions = try trained.predictions(at: moved).elements
            let clean = try trained.predictions(at: x).elements
            for (i, y) in labels.enumerated() {
                let delta = (i * 9..<(i + 1) * 9).map { abs(moved.elements[$0] - x.elements[$0]) }
                let length =
                    switch norm {
                    case .linf: delta.max() ?? 0
                    case .l2: delta.reduce(0) { $0 + $1 * $1 }.squareRoot()
                    case .l1: delta.reduce(0, +)
                    }
                #expect(length <= 0.3 && length > 0.05)
                #expect(Double(y) * predictions[i] < Double(y) * clean[i])
            }
        }
    }

    @Test func errors() async throws {
        #expect(throws: ArchitectureError.self) { try InfiniteNet(Architecture([Relu()]), inputShape: [2]) }
        let net = try InfiniteNet(.fc(depth: 1), inputShape: [2])
        let x = Tensor<Double>(shape: [2, 2], elements: [1, 0, 1, 0])
        await #expect(throws: InferenceError.self) {
            try await net.trained(on: x, targets: Tensor<Double>(shape: [2, 1], elements: [1, -1]))
        }
        let trained = try await net.trained(on: x[0..<1], targets: Tensor<Double>(shape: [1, 1], elements: [1]))
        #expect(throws: AttackError.self) { try trained.fgsm(at: x[0..<1], labels: [3], eps: 0.1) }
    }
}

import Compute
import Foundation
import Testing

@testable import Inference

@Suite struct KrylovFlowTests {
    /// Times before, in and after the decay of the eigenvalues' parts; s λ_0 goes up to some thousand.
    private static let times = [0, 1e-3, 0.5, 30, 2000.0]

    private static func wanted(
        _ gram: HostMatrix, _ targets: Tensor<Double>, _ ridge: Double
    ) throws -> [Tensor<Double>] {
        let options = KernelRegression.Options(diagReg: ridge, diagRegScale: .absolute, lossNormalization: .none)
        let regression = try KernelRegression(gram: gram, targets: targets, options: options)
        return try times.map { try regression.weights(at: $0) }
    }

    /// In spaces that carry to the end, and in such small ones that the flow starts anew many times.
    @Test(arguments: [16, 60], [0.0, 1e-2])
    func theFlowIsThatOfAllEigenvalues(size: Int, ridge: Double) throws {
        let (n, k) = (133, 3)
        let gram = try Matrices.lower(Matrices.gram(n, rank: n, shift: 0.05, seed: 6), n)
        let targets = Matrices.targets(n, k, seed: 2)
        var flow = KrylovFlow(points: n, outputs: k, memory: 8 * n * k * (size + 1))
        flow.productLimit = 50_000
        #expect(flow.size == size)
        let found = try flow.solve(
            SymmetricMatrix(copying: gram, ridge: 0), ridge: ridge, targets: targets, times: Self.times)
        for (place, wanted) in try Self.wanted(gram, targets, ridge).enumerated() {
            // Parts of the way err by 1e-12 each, and there are some hundred of the smaller size.
            let distance = Matrices.distance(found.weights[place].elements, wanted.elements)
            #expect(distance < 1e-9, "time \(Self.times[place]): \(distance)")
            #expect(found.residuals[place] < 1e-9)
        }
        #expect(found.weights[0].elements.allSatisfy { $0 == 0 })
    }

    /// A matrix of five directions: its spaces are complete after a few products, whatever the time. A column of zeros
    /// stays one.
    @Test func spacesThatAreComplete() throws {
        let n = 80
        let gram = try Matrices.lower(Matrices.gram(n, rank: 5, seed: 6), n)
        var targets = Matrices.targets(n, 2, seed: 2)
        for i in 0..<n { targets.elements[2 * i + 1] = 0 }
        let matrix = try SymmetricMatrix(copying: gram, ridge: 0)
        let found = try KrylovFlow(points: n, outputs: 2, memory: 1 << 20).solve(
            matrix, ridge: 0, targets: targets, times: Self.times.reversed())
        #expect(found.products < 40)
        // Where an eigenvalue is rounding error of 0, its sign decides on α, and Θ α does not feel it.
        func image(_ weights: Tensor<Double>) throws -> [Double] {
            try ConjugateGradients.product(matrix, 0, weights.transposed(), 2)
        }
        for (place, wanted) in try Self.wanted(gram, targets, 0).reversed().enumerated() {
            let weights = found.weights[place]
            #expect(Matrices.distance(try image(weights), try image(wanted)) < 1e-9)
            #expect((0..<n).allSatisfy { weights.elements[2 * $0 + 1] == 0 })
        }
    }

    @Test func aTimeThatIsTooLong() throws {
        let n = 60
        let gram = try Matrices.lower(Matrices.gram(n, rank: n, shift: 1e-9, seed: 6), n)
        var flow = KrylovFlow(points: n, outputs: 1, memory: 0)
        flow.productLimit = 50
        let error = #expect(throws: InferenceError.self) {
            try flow.solve(
                SymmetricMatrix(copying: gram, ridge: 0), ridge: 0, targets: Matrices.targets(n, 1, seed: 2),
                times: [1e9])
        }
        #expect(error?.description.hasPrefix("the gradient flow reached ") == true)
        #expect(error?.description.contains(" of its time in 50 products") == true)
    }

    @Test func theRegressionsTakeIt() throws {
        let n = 90
        let gram = try Matrices.lower(Matrices.gram(n, rank: n, shift: 0.05, seed: 8), n)
        let targets = Matrices.targets(n, 2, seed: 1)
        func options(_ solver: KernelRegression.Solver) -> KernelRegression.Options {
            .init(diagReg: 1e-2, learningRate: 2, solver: solver)
        }
        let direct = try KernelRegression(gram: gram, targets: targets, options: options(.eigh))
        let memory = try KernelRegression(gram: gram, targets: targets, options: options(.lanczos))
        let disk = try TiledRegression(
            MemoryTiles(matrix: gram, tile: 32), targets: targets, options: options(.auto), on: [], memory: 1 << 18)
        let times = [500.0, 3]
        for (time, flow) in zip(times, try disk.flow(to: times)) {
            let wanted = try direct.weights(at: time).elements
            #expect(Matrices.distance(try memory.weights(at: time).elements, wanted) < 1e-10)
            #expect(Matrices.distance(flow.weights.elements, wanted) < 1e-10)
            #expect(flow.solution.solver == .lanczos && flow.solution.time == time)
            #expect(flow.solution.residual.map { $0 < 1e-11 } == true)
        }
        #expect(memory.solutions.allSatisfy { $0.solver == .lanczos && $0.residual.map { $0 < 1e-11 } == true })
        let whole = try memory.weights(at: .infinity).elements
        #expect(memory.solutions.last?.solver == .cholesky)
        #expect(Matrices.distance(whole, try direct.weights(at: .infinity).elements) < 1e-10)
    }
}

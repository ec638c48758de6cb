import CPUBackend
import Compute
import Foundation
import Storage
import StorageTestSupport
import Testing

@testable import Inference

@Suite struct TiledRegressionTests {
    private static func regression(
        _ gram: HostMatrix, tile: Int, diagReg: Double, _ targets: Tensor<Double>, memory: Int = 1 << 20
    ) throws -> TiledRegression {
        try TiledRegression(
            MemoryTiles(matrix: gram, tile: tile), targets: targets, options: .init(diagReg: diagReg),
            on: [CPUBackend(threads: 2)], memory: memory)
    }

    @Test(arguments: [Precision.float32, .float64], [1, 40, 133])
    func bothSolversAgreeWithThatInMemory(precision: Precision, n: Int) throws {
        let gram = try Matrices.lower(Matrices.gram(n, rank: n, shift: 0.05, seed: 8), n, precision)
        let targets = Matrices.targets(n, 2, seed: 1)
        let whole = KernelRegression.Options(diagReg: 1e-2)
        let wanted = try KernelRegression(gram: gram, targets: targets, options: whole).weights(at: .infinity)
        let regression = try Self.regression(gram, tile: 32, diagReg: 1e-2, targets)
        let folder = try TemporaryFolder()
        let store = try ZarrMatrix.create(path: folder("f"), rows: n, columns: n, tile: 32, precision: .float64)
        let direct = try regression.cholesky(in: store)
        #expect(Matrices.distance(direct.weights.elements, wanted.elements) < 1e-12)
        #expect(direct.solution.solver == .cholesky && direct.solution.iterations == nil)
        #expect(direct.solution.residual.map { $0 < 1e-13 } == true)
        let iterative = try regression.conjugateGradients()
        // The residual is 1e-10, and the condition about 100.
        #expect(Matrices.distance(iterative.weights.elements, wanted.elements) < 1e-8)
        #expect(iterative.solution.solver == .cg)
        #expect(iterative.solution.residual.map { $0 <= 1e-9 } == true)
    }

    /// Eigenvalues that fall by half from one to the next: the preconditioner takes the large ones away.
    @Test func thePreconditionerSavesProducts() throws {
        let n = 300
        var matrix = [Double](repeating: 0, count: n * n)
        let factors = Matrices.targets(n, 20, seed: 4).elements
        for i in 0..<n {
            for j in 0..<n {
                for c in 0..<20 { matrix[i * n + j] += pow(0.5, Double(c)) * factors[i * 20 + c] * factors[j * 20 + c] }
            }
        }
        let symmetric = try SymmetricMatrix(copying: Matrices.lower(matrix, n), ridge: 0)
        let targets = Matrices.targets(n, 4, seed: 9)
        let plain = try ConjugateGradients().solve(symmetric, ridge: 1e-3, diagReg: 1e-3, targets: targets)
        var method = ConjugateGradients()
        method.preconditioner = try NystromPreconditioner(symmetric, rank: 40)
        let better = try method.solve(symmetric, ridge: 1e-3, diagReg: 1e-3, targets: targets)
        #expect(better.iterations < plain.iterations / 3, "\(better.iterations) of \(plain.iterations)")
        #expect(better.residual <= 1e-9)
        #expect(Matrices.distance(better.weights.elements, plain.weights.elements) < 1e-6)
        #expect(better.iterations < 5)
    }

    @Test func aMatrixOfZerosHasTheRidgeAlone() throws {
        let n = 20
        let gram = try Matrices.lower([Double](repeating: 0, count: n * n), n)
        let targets = Matrices.targets(n, 1, seed: 2)
        let symmetric = try SymmetricMatrix(copying: gram, ridge: 0)
        var method = ConjugateGradients()
        method.preconditioner = try NystromPreconditioner(symmetric, rank: 5)
        let found = try method.solve(symmetric, ridge: 0.5, diagReg: 0.5, targets: targets)
        #expect(Matrices.distance(found.weights.elements, targets.elements.map { 2 * $0 }) < 1e-12)
    }

    @Test func theCheaperSolverIsChosen() {
        func cost(_ n: Int, _ diagReg: Double, _ scale: KernelRegression.DiagRegScale = .relative) -> TiledSolverCost {
            TiledSolverCost(
                n, outputs: 10, tile: 1024, precision: .float32, rank: 500,
                options: .init(diagReg: diagReg, diagRegScale: scale))
        }
        #expect(cost(20_000, 1e-3).best == .cholesky)
        #expect(cost(1_000_000, 1).best == .cg)
        #expect(cost(1_000_000, 0).best == .cholesky && cost(1_000_000, 0).conjugateGradients == nil)
        #expect(cost(1_000_000, 1, .absolute).conjugateGradients == nil)
    }
}

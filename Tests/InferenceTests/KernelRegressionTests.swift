import Compute
import Testing

@testable import Inference

@Suite struct KernelRegressionTests {
    private let n = 20
    private let gram: [Double]
    private let targets: Tensor<Double>

    init() {
        gram = Matrices.gram(n, rank: 25, shift: 0.05, seed: 21)
        targets = Matrices.targets(n, 3, seed: 22)
    }

    private func regression(_ options: KernelRegression.Options) throws -> KernelRegression {
        try KernelRegression(gram: Matrices.lower(gram, n), targets: targets, options: options)
    }

    private func regularized(_ ridge: Double) -> [Double] {
        gram.indices.map { gram[$0] + ($0 % (n + 1) == 0 ? ridge : 0) }
    }

    @Test(arguments: [0.0, 1e-3, 0.5, 40, 3000], [KernelRegression.LossNormalization.size, .none])
    func finiteTimesAgreeWithTheMatrixExponential(
        time: Double, normalization: KernelRegression.LossNormalization
    ) throws {
        let regression = try regression(
            .init(diagReg: 0.02, diagRegScale: .absolute, learningRate: 0.7, lossNormalization: normalization))
        let weights = try regression.weights(at: time)
        let scale = 0.7 * time / (normalization == .size ? 60 : 1)
        let flow = Matrices.flow(regularized(0.02), n, scale)
        let wanted = Matrices.product(flow, targets.elements, n, n, 3)
        // Repeated doubling of the reference loses about 24 roundings of a matrix of condition 1e2.
        #expect(Matrices.distance(weights.elements, wanted) < 1e-8)
        if time == 0 { #expect(weights.elements.allSatisfy { $0 == 0 }) }
    }

    @Test func timesGrowTowardsTheSolve() throws {
        let limit = try regression(.init(solver: .cholesky)).weights(at: .infinity)
        #expect(Matrices.distance(Matrices.product(gram, limit.elements, n, n, 3), targets.elements) < 1e-12)
        let flow = try regression(.init())
        let distances = try [10, 1e3, 1e4, 1e6].map {
            Matrices.distance(try flow.weights(at: $0).elements, limit.elements)
        }
        #expect(zip(distances, distances.dropFirst()).allSatisfy { $0 > $1 })
        #expect(distances[3] < 1e-11)
    }

    @Test(arguments: [KernelRegression.Solver.eigh, .cg, .auto])
    func solversAgreeAtInfinity(solver: KernelRegression.Solver) throws {
        let cholesky = try regression(.init(diagReg: 0.01, solver: .cholesky))
        let other = try regression(.init(diagReg: 0.01, solver: solver))
        let distance = Matrices.distance(
            try other.weights(at: .infinity).elements, try cholesky.weights(at: .infinity).elements)
        // Conjugate gradients stop at the relative residual 1e-10; the condition number is about 1e2.
        #expect(distance < (solver == .cg ? 1e-8 : 1e-12))
        #expect(other.solutions.map(\.solver) == [solver == .auto ? .cholesky : solver])
        if solver == .cg { #expect(other.solutions[0].residual.map { $0 <= 1e-9 } == true) }
    }

    @Test func aRelativeRidgeIsAMultipleOfTheMeanDiagonal() throws {
        let mean = (0..<n).reduce(0.0) { $0 + gram[$1 * n + $1] } / Double(n)
        let relative = try regression(.init(diagReg: 0.1))
        #expect(abs(relative.ridge - 0.1 * mean) < 1e-15)
        let absolute = try regression(.init(diagReg: 0.1 * mean, diagRegScale: .absolute))
        let distance = Matrices.distance(
            try relative.weights(at: .infinity).elements, try absolute.weights(at: .infinity).elements)
        #expect(distance < 1e-14)
    }

    @Test func theSpectrumIsComputedOnceAndShared() throws {
        let first = try regression(.init(solver: .eigh))
        let spectrum = try first.spectrum()
        _ = try first.weights(at: 3)
        _ = try first.weights(at: .infinity)
        #expect(try first.spectrum() === spectrum)
        let second = try KernelRegression(
            gram: first.gram, targets: targets, options: .init(diagReg: 0.3), spectrum: spectrum)
        #expect(try second.spectrum() === spectrum)
        let fresh = try regression(.init(diagReg: 0.3))
        #expect(try second.weights(at: 7).elements == fresh.weights(at: 7).elements)
    }

    @Test func float32GramsAreSolvedInFloat64() throws {
        let single = try Matrices.lower(gram, n, .float32)
        let rounded = try Matrices.lower(gram.map { Double(Float($0)) }, n)
        for time in [5, Double.infinity] {
            let a = try KernelRegression(gram: single, targets: targets).weights(at: time)
            let b = try KernelRegression(gram: rounded, targets: targets).weights(at: time)
            #expect(a == b)
        }
    }

    @Test func singularMatricesAreRefusedOnlyWhereTheyMatter() throws {
        let lowRank = try Matrices.lower(Matrices.gram(n, rank: 5, seed: 1), n)
        for solver in [KernelRegression.Solver.cholesky, .eigh, .cg] {
            let regression = try KernelRegression(gram: lowRank, targets: targets, options: .init(solver: solver))
            let error = #expect(throws: InferenceError.self) { try regression.weights(at: .infinity) }
            #expect(error?.description.contains("raise inference.diag_reg") == true, "\(String(describing: error))")
        }
        let weights = try KernelRegression(gram: lowRank, targets: targets).weights(at: 100)
        #expect(weights.elements.allSatisfy { $0.isFinite })
    }

    @Test func flowIsStableForAnyEigenvalue() {
        #expect(KernelRegression.flow(0, 3) == 3)
        #expect(KernelRegression.flow(.leastNonzeroMagnitude, 3) == 3)
        #expect(KernelRegression.flow(-1e-12, 3) == 0)
        #expect(KernelRegression.flow(1e-18, 3) == 3)
        #expect(abs(KernelRegression.flow(1e-9, 3) - 3 * (1 - 1.5e-9)) < 1e-15)
        #expect(KernelRegression.flow(2, 1e300) == 0.5)
        #expect(KernelRegression.flow(1e-300, 1e308) > 0)
    }

    @Test func usageErrors() throws {
        #expect(throws: InferenceError.self) { try regression(.init(diagReg: -1)) }
        #expect(throws: InferenceError.self) { try regression(.init(diagReg: .nan)) }
        #expect(throws: InferenceError.self) { try regression(.init(learningRate: 0)) }
        #expect(throws: InferenceError.self) { try regression(.init()).weights(at: -1) }
        #expect(throws: InferenceError.self) { try regression(.init()).weights(at: .nan) }
        let error = #expect(throws: InferenceError.self) { try regression(.init(solver: .cholesky)).weights(at: 10) }
        #expect(
            error?.description
                == "inference.solver cholesky cannot give time 10: it solves for time inf only; set inference.solver: auto"
        )
        #expect(throws: InferenceError.self) {
            try KernelRegression(gram: Matrices.lower(gram, n), targets: Matrices.targets(n + 1, 1, seed: 0))
        }
        var bad = targets
        bad.elements[7] = .nan
        let notFinite = #expect(throws: InferenceError.self) {
            try KernelRegression(gram: Matrices.lower(gram, n), targets: bad)
        }
        #expect(notFinite?.description.hasPrefix("Y[2, 1] is nan") == true)
    }
}

import Compute
import Testing

@testable import Inference

@Suite struct CholeskyFactorTests {
    /// Backward error of a Cholesky factorisation: a small multiple of n ε.
    private let bound = 1e-13

    @Test(arguments: [1, 2, 5, 63, 64, 65, 131])
    func lowerTimesItsTransposeIsTheMatrix(n: Int) throws {
        let matrix = Matrices.gram(n, rank: n + 3, shift: 0.1, seed: UInt64(n))
        let factor = try CholeskyFactor(Matrices.lower(matrix, n), ridge: 0.25, diagReg: 0)
        var product = [Double](repeating: 0, count: n * n)
        for i in 0..<n {
            for j in 0..<n { for l in 0...min(i, j) { product[i * n + j] += factor.entry(i, l) * factor.entry(j, l) } }
        }
        let wanted = matrix.indices.map { matrix[$0] + ($0 % (n + 1) == 0 ? 0.25 : 0) }
        #expect(Matrices.distance(product, wanted) < bound)
    }

    @Test func knownInverse() throws {
        // The second-difference matrix: (T⁻¹)_ij = (min(i, j) + 1) (n − max(i, j)) / (n + 1).
        let n = 50
        let matrix = (0..<n * n).map { index -> Double in
            let (i, j) = (index / n, index % n)
            return i == j ? 2 : abs(i - j) == 1 ? -1 : 0
        }
        let identity = Tensor(shape: [n, n], elements: (0..<n * n).map { $0 % (n + 1) == 0 ? 1.0 : 0.0 })
        let inverse = try CholeskyFactor(Matrices.lower(matrix, n), ridge: 0, diagReg: 0).solve(identity)
        let wanted = (0..<n * n).map { index -> Double in
            let (i, j) = (index / n, index % n)
            return Double((min(i, j) + 1) * (n - max(i, j))) / Double(n + 1)
        }
        // The condition number is about 4 (n / π)² = 1000.
        #expect(Matrices.distance(inverse.elements, wanted) < 1e-12)
    }

    @Test func theMessageNamesRowPivotAndRidge() {
        let error = InferenceError.notPositiveDefinite(row: 812, of: 1000, pivot: -3.1e-7, diagReg: 0)
        #expect(
            error.description
                == "Cholesky stopped at row 812 of 1000 (pivot −3.1e−7): Θ + λI is not positive definite; "
                + "raise inference.diag_reg (now 0)")
    }

    @Test(arguments: [
        (0.0, "0"), (-3.1e-7, "−3.1e−7"), (1, "1.0e0"), (9.96, "1.0e1"), (123456, "1.2e5"), (0.1, "1.0e−1"),
        (0.00123, "1.2e−3"), (Double.leastNonzeroMagnitude, "4.9e−324"), (1e300, "1.0e300"), (1e16, "1.0e16"),
    ])
    func numbersForReading(value: Double, text: String) {
        #expect(InferenceError.short(value) == text)
    }

    @Test(arguments: [(0.0, "0"), (1e-6, "1e-6"), (0.01, "0.01"), (2, "2"), (1e-12, "1e-12")])
    func numbersForTyping(value: Double, text: String) {
        #expect(InferenceError.plain(value) == text)
    }

    /// A negative pivot planted at a row: the error has its row and value, whatever the factorisation leaves there.
    @Test(arguments: [(1, 1), (5, 1), (5, 5), (40, 17), (180, 179), (400, 271)], [-0.5, -1e-6])
    func rowAndPivot(size: (n: Int, row: Int), pivot: Double) throws {
        let (n, row) = size
        var lower = Matrices.gram(n, rank: n, shift: 1, seed: 3)
        for i in 0..<n {
            lower[i * n + i] = 2
            for j in 0..<i { lower[i * n + j] *= 0.5 / Double(n) }
        }
        // L D Lᵀ with unit L: D is the sequence of pivots.
        var matrix = [Double](repeating: 0, count: n * n)
        for i in 0..<n {
            for j in 0...i {
                var sum = 0.0
                for l in 0...j {
                    let d = l == row - 1 ? pivot : 1.0
                    sum += (l == i ? 1 : lower[i * n + l]) * (l == j ? 1 : lower[j * n + l]) * d
                }
                matrix[i * n + j] = sum
            }
        }
        let error = #expect(throws: InferenceError.self) {
            try CholeskyFactor(Matrices.lower(matrix, n), ridge: 0, diagReg: 1e-6)
        }
        guard case .notPositiveDefinite(let found, n, let value, 1e-6) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(found == row)
        // The Schur complement is a difference of numbers of size 1.
        #expect(abs(value - pivot) < 1e-13)
    }

    @Test(arguments: [Precision.float32, .float64], [2, 30, 200])
    func duplicatesWithoutRidgeAreRefused(precision: Precision, n: Int) throws {
        var points = Matrices.gram(n, rank: n + 5, shift: 0, seed: 9)
        for j in 0..<n { points[(n - 1) * n + j] = points[j] }
        for i in 0..<n { points[i * n + n - 1] = points[i * n] }
        points[n * n - 1] = points[0]
        let gram = try Matrices.lower(points, n, precision)
        let error = #expect(throws: InferenceError.self) { try CholeskyFactor(gram, ridge: 0, diagReg: 0) }
        let text = error?.description ?? ""
        #expect(text.hasPrefix("Cholesky stopped at row \(n) of \(n) (pivot "), "\(text)")
        #expect(text.hasSuffix("): Θ + λI is not positive definite; raise inference.diag_reg (now 0)"))
        #expect(throws: Never.self) { try CholeskyFactor(gram, ridge: 1e-4, diagReg: 1e-4) }
    }

    @Test(arguments: [Double.nan, .infinity])
    func entriesThatAreNotFinite(value: Double) throws {
        var matrix = Matrices.gram(9, rank: 9, shift: 1, seed: 1)
        matrix[7 * 9 + 2] = value
        let gram = try Matrices.lower(matrix, 9)
        let error = #expect(throws: InferenceError.self) { try CholeskyFactor(gram, ridge: 0, diagReg: 0) }
        #expect(error?.description.hasPrefix("Θ[7, 2] is \(value): a regression needs finite numbers;") == true)
    }
}

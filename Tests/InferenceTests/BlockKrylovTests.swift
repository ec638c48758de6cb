import CPUBackend
import Compute
import TestSupport
import Testing

@testable import Inference

/// The largest eigenvalues against the full decomposition.
@Suite struct BlockKrylovTests {
    /// Eigenvalues of a matrix of 160 points, descending.
    struct Decay: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let value: @Sendable (Int) -> Double
        /// Eigenvalues whose vectors are unique: gaps on both sides.
        var isSimple = true

        static let all = [
            Decay(testDescription: "power") { 100 / Double(($0 + 1) * ($0 + 1)) },
            Decay(testDescription: "one far above") { $0 == 0 ? 2000 : 1 / Double($0 + 1) },
            Decay(
                testDescription: "clusters", value: { 10 / Double($0 / 5 + 1) + 1e-9 * Double(-$0) }, isSimple: false),
            // More copies than a block has vectors.
            Decay(testDescription: "multiple", value: { $0 < 14 ? 3 : $0 < 30 ? 2 : 1 / Double($0) }, isSimple: false),
            Decay(testDescription: "rank 7", value: { $0 < 7 ? Double(7 - $0) : 0 }, isSimple: false),
            Decay(testDescription: "identity", value: { _ in 1 }, isSimple: false),
            Decay(testDescription: "zero", value: { _ in 0 }, isSimple: false),
            Decay(testDescription: "slow") { 1 - 0.001 * Double($0) },
        ]
    }

    private static let n = 160

    /// H diag H with H = H₃H₂H₁, reflections at random vectors.
    private static func matrix(_ decay: Decay) -> [Double] {
        var generator = SeededGenerator(seed: 11)
        var a = [Double](repeating: 0, count: n * n)
        for i in 0..<n { a[i * n + i] = decay.value(i) }
        for _ in 0..<3 {
            let u = generator.numbers(n)
            let factor = 2 / u.reduce(0) { $0 + $1 * $1 }
            for isRow in [true, false] {
                for line in 0..<n {
                    func place(_ j: Int) -> Int { isRow ? line * n + j : j * n + line }
                    let dot = (0..<n).reduce(0.0) { $0 + u[$1] * a[place($1)] }
                    for j in 0..<n { a[place(j)] -= factor * dot * u[j] }
                }
            }
        }
        return a
    }

    @Test(arguments: Decay.all, [0, 1, 2])
    func agreesWithTheFullDecomposition(decay: Decay, devices: Int) throws {
        let (n, count) = (Self.n, 10)
        let elements = Self.matrix(decay)
        let gram = try Matrices.lower(elements, n)
        let solver = BlockKrylov(count: count, tolerance: 1e-12)
        let backends = (0..<devices).map { _ in CPUBackend(threads: 1) }
        let found = try solver.solve(BlockOperator(gram, on: backends))
        let scale = max(abs(decay.value(0)), 1e-300)
        #expect(found.residual <= 1e-12)
        let wanted = (0..<n).map(decay.value).sorted(by: >)
        for i in 0..<count {
            // A residual r puts an eigenvalue within r of the value; the matrix itself is rounded.
            #expect(abs(found.eigenvalues[i] - wanted[i]) <= 1e-12 * scale, "\(i)")
        }
        let spectrum = Spectrum(eigenvalues: found.eigenvalues, rows: found.rows, residual: found.residual)
        let full = try Spectrum(of: gram)
        for i in 0..<count {
            let v = spectrum.eigenvector(i)
            for j in 0...i {
                let product = zip(v, spectrum.eigenvector(j)).reduce(0) { $0 + $1.0 * $1.1 }
                #expect(abs(product - (i == j ? 1 : 0)) < 1e-13)
            }
            let image = Matrices.product(elements, v, n, n, 1)
            let residual = zip(image, v).reduce(0) { $0 + ($1.0 - wanted[i] * $1.1) * ($1.0 - wanted[i] * $1.1) }
            #expect(residual.squareRoot() <= 3e-12 * scale)
            guard decay.isSimple else { continue }
            let overlap = zip(v, full.eigenvector(i)).reduce(0) { $0 + $1.0 * $1.1 }
            // The angle is at most the residual over the gap, here 1e-12 over 1e-3.
            #expect(abs(abs(overlap) - 1) < 1e-9)
        }
    }

    @Test func theSameCallGivesTheSameBits() throws {
        let gram = try Matrices.lower(Self.matrix(Decay.all[0]), Self.n, .float32)
        let runs = try (0..<2).map { _ in
            try BlockKrylov(count: 6, tolerance: 1e-12).solve(BlockOperator(gram, on: [CPUBackend(threads: 2)]))
        }
        #expect(runs[0].eigenvalues == runs[1].eigenvalues)
        #expect(runs[0].rows.tensor() == runs[1].rows.tensor())
    }

    @Test func whatDoesNotConvergeIsSaid() throws {
        let gram = try Matrices.lower(Self.matrix(Decay.all[7]), Self.n)
        var solver = BlockKrylov(count: 10, tolerance: 1e-12)
        solver.productLimit = 1
        let error = try #require(throws: InferenceError.self) { try solver.solve(BlockOperator(gram, on: [])) }
        #expect(error.description.hasPrefix("0 of the 10 largest eigenvalues reached the residual 1.0e−12, the worst "))
        #expect(error.description.hasSuffix("set inference.solver: eigh to compute all"))
    }

    @Test(arguments: [0, 1]) func numbersThatAreNotFiniteAreFound(devices: Int) throws {
        var elements = Self.matrix(Decay.all[0])
        elements[97 * Self.n + 31] = .nan
        let gram = try Matrices.lower(elements, Self.n, .float32)
        let error = try #require(throws: InferenceError.self) {
            _ = try BlockOperator(gram, on: (0..<devices).map { _ in CPUBackend(threads: 1) })
        }
        #expect(error.description.hasPrefix("Θ[97, 31] is nan"))
    }
}

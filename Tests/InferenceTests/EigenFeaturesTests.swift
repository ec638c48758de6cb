import Compute
import TestSupport
import Testing

@testable import Inference

@Suite struct EigenFeaturesTests {
    private static let n = 40

    private static func regression(diagReg: Double, outputs k: Int) throws -> KernelRegression {
        try KernelRegression(
            gram: Matrices.lower(Matrices.gram(n, rank: n + 5, seed: 3), n), targets: Matrices.targets(n, k, seed: 4),
            options: .init(diagReg: diagReg))
    }

    /// Eq. 9: all features add up to f_∞.
    @Test(arguments: [0, 1e-2], [1, 3]) func allTogetherAreTheWholePrediction(diagReg: Double, outputs: Int) throws {
        let regression = try Self.regression(diagReg: diagReg, outputs: outputs)
        let features = EigenFeatures(
            try regression.spectrum(), targets: regression.targets, ridge: regression.ridge)
        let whole = try regression.weights(at: .infinity)
        let sum = try features.weights(of: 0..<Self.n)
        // The condition, about 1e3 here, times a few roundings.
        #expect(Matrices.distance(sum.elements, whole.elements) < 1e-9)
        // Any partition does.
        let parts = try [0..<3, 3..<29, 29..<40].map { try features.weights(of: $0).elements }
        let total = parts[0].indices.map { place in parts.reduce(0) { $0 + $1[place] } }
        #expect(Matrices.distance(total, sum.elements) < 1e-13)
    }

    @Test func aFeatureIsItsCarrierTimesItsProjection() throws {
        let regression = try Self.regression(diagReg: 0, outputs: 3)
        let spectrum = try regression.spectrum()
        let features = EigenFeatures(spectrum, targets: regression.targets)
        let indices = [7, 0, 39]
        let carriers = try features.carriers(indices)
        #expect(carriers.shape == [Self.n, 3])
        for (column, index) in indices.enumerated() {
            let weights = try features.weights(of: [index])
            let u = features.projection(index)
            let v = spectrum.eigenvector(index)
            for i in 0..<Self.n {
                #expect(abs(carriers.elements[i * 3 + column] - v[i] / spectrum.eigenvalues[index]) < 1e-15 / 1e-3)
                for c in 0..<3 {
                    #expect(abs(weights.elements[i * 3 + c] - u[c] * carriers.elements[i * 3 + column]) < 1e-12)
                }
            }
        }
    }

    @Test func theLargestAloneGiveTheSameFeatures() throws {
        let regression = try Self.regression(diagReg: 0, outputs: 2)
        let full = try regression.spectrum()
        let rows = try HostMatrix(rows: 5, columns: Self.n, precision: .float64)
        rows.withElements(as: Double.self) { target in
            for i in 0..<5 { for (j, x) in full.eigenvector(4 - i).enumerated() { target[i * Self.n + j] = x } }
        }
        let some = Spectrum(eigenvalues: Array(full.eigenvalues[..<5]), rows: rows, residual: 0)
        #expect(some.count == 5 && !some.isComplete && full.isComplete)
        let a = try EigenFeatures(full, targets: regression.targets).weights(of: [0, 2, 4])
        let b = try EigenFeatures(some, targets: regression.targets).weights(of: [0, 2, 4])
        #expect(Matrices.distance(b.elements, a.elements) < 1e-13)
    }

    @Test func whatIsRoundingErrorIsNoFeature() throws {
        let gram = try Matrices.lower(Matrices.gram(Self.n, rank: 6, seed: 5), Self.n)
        let features = EigenFeatures(try Spectrum(of: gram), targets: Matrices.targets(Self.n, 1, seed: 6))
        _ = try features.weights(of: 0..<6)
        for call in [{ _ = try features.weights(of: [2, 6]) }, { _ = try features.carriers([6]) }] {
            let error = try #require(throws: InferenceError.self) { try call() }
            #expect(error.description.hasPrefix("eigenvalue 6 of Θ + λI is "))
            #expect(error.description.hasSuffix("lower features.count or raise inference.diag_reg"))
        }
        _ = try EigenFeatures(features.spectrum, targets: Matrices.targets(Self.n, 1, seed: 6), ridge: 0.1)
            .weights(of: [6])
    }

    /// Features of the reference at its own kernel: eigenvalues, shares of the targets, predictions.
    @Test(
        .enabled(if: Golden.isPresent, "reference data are absent: set NTK_GOLDEN"),
        arguments: ["attack_fc3_binary", "attack_cnn2_flat_binary"])
    func referenceDataAgree(name: String) throws {
        let archive = try Golden.archive(name)
        let (gram, cross, wanted) = try (archive.tensor("ntk_xx"), archive.tensor("ntk_zx"), archive.tensor("feat"))
        let (n, m) = (gram.count, cross.count)
        let spectrum = try Spectrum(of: Matrices.lower(gram.elements, n))
        let features = EigenFeatures(spectrum, targets: try archive.tensor("Y"))
        #expect(Matrices.distance(spectrum.eigenvalues, try archive.tensor("eigvals").elements) < 1e-13)
        let shares = features.projections.elements.map { $0 * $0 }
        #expect(Matrices.distance(shares, try archive.tensor("proj_sq").elements) < 1e-9)
        // The condition, about 1e3, and the smallest relative gap, 1e-3, times a few roundings.
        for index in 0..<n {
            let weights = try features.weights(of: [index])
            let found = Matrices.product(cross.elements, weights.elements, m, n, 1)
            #expect(
                zip(found, wanted.elements[index * m..<(index + 1) * m]).allSatisfy { abs($0 - $1) < 1e-9 }, "\(index)")
        }
    }
}

import Compute
import Testing

@testable import Inference

@Suite struct SpectrumTests {
    @Test(arguments: [1, 2, 17, 64, 90], [Spectrum.Method.dsyevd, .dsyevr])
    func vectorsDecomposeTheMatrix(n: Int, method: Spectrum.Method) throws {
        let matrix = Matrices.gram(n, rank: n + 2, seed: UInt64(n))
        let spectrum = try Spectrum(of: Matrices.lower(matrix, n), method: method)
        #expect(zip(spectrum.eigenvalues, spectrum.eigenvalues.dropFirst()).allSatisfy { $0 >= $1 })
        var sum = [Double](repeating: 0, count: n * n)
        for (index, eigenvalue) in spectrum.eigenvalues.enumerated() {
            let v = spectrum.eigenvector(index)
            for i in 0..<n { for j in 0..<n { sum[i * n + j] += eigenvalue * v[i] * v[j] } }
        }
        // n ε times the norm, with room.
        #expect(Matrices.distance(sum, matrix) < 1e-13)
    }

    @Test func projectAndCombineAreInverse() throws {
        let n = 33
        let spectrum = try Spectrum(of: Matrices.lower(Matrices.gram(n, rank: 40, seed: 4), n))
        let targets = Matrices.targets(n, 3, seed: 5)
        let projected = spectrum.project(targets)
        for index in [0, 1, 32] {
            let v = spectrum.eigenvector(index)
            let wanted = (0..<n).reduce(0.0) { $0 + v[$1] * targets.elements[$1 * 3 + 2] }
            #expect(abs(projected.elements[index * 3 + 2] - wanted) < 1e-13)
        }
        #expect(Matrices.distance(spectrum.combine(projected).elements, targets.elements) < 1e-13)
    }

    /// 1 + 6n + 2n² must fit a signed 32-bit integer.
    @Test func theLimitOfDivideAndConquerIsExact() {
        let n = Spectrum.divideAndConquerLimit
        #expect(1 + 6 * n + 2 * n * n <= Int(Int32.max))
        #expect(1 + 6 * (n + 1) + 2 * (n + 1) * (n + 1) > Int(Int32.max))
    }
}

/// Whether eigenpairs that were read from somewhere belong to a matrix.
@Suite struct SpectrumCheckTests {
    private static let n = 30

    private func changed(
        _ spectrum: Spectrum, _ change: (UnsafeMutableBufferPointer<Double>) -> Void = { _ in },
        eigenvalues: ([Double]) -> [Double] = { $0 }
    ) throws -> Spectrum {
        let rows = try HostMatrix(rows: Self.n, columns: Self.n, precision: .float64)
        rows.withElements(as: Double.self) { target in
            for i in 0..<Self.n {
                for (j, x) in spectrum.eigenvector(Self.n - 1 - i).enumerated() { target[i * Self.n + j] = x }
            }
            change(target)
        }
        return Spectrum(eigenvalues: eigenvalues(spectrum.eigenvalues), rows: rows, residual: nil)
    }

    @Test(arguments: [Precision.float64, .float32]) func damageShows(precision: Precision) throws {
        let gram = try Matrices.lower(Matrices.gram(Self.n, rank: 50, seed: 8), Self.n, precision)
        let spectrum = try Spectrum(of: gram)
        #expect(spectrum.fits(gram))
        #expect(try changed(spectrum).fits(gram))
        #expect(try !changed(spectrum, { $0[311] += 1e-6 }).fits(gram))
        #expect(try !changed(spectrum, { $0[5] = .nan }).fits(gram))
        #expect(try !changed(spectrum, { for i in $0.indices { $0[i] *= 1.001 } }).fits(gram))
        #expect(try !changed(spectrum, eigenvalues: { [$0[0] * 1.00001] + $0.dropFirst() }).fits(gram))
        let other = try Matrices.lower(Matrices.gram(Self.n, rank: 50, seed: 9), Self.n, precision)
        #expect(!spectrum.fits(other))
    }
}

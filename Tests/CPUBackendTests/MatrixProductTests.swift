import CPUBackend
import Compute
import TestSupport
import Testing

@Suite struct MatrixProductTests {
    /// `alpha op(a) op(b) + beta c` in double.
    private static func reference<T: Real>(
        _ a: [T], _ b: [T], _ c: [T], _ p: (m: Int, n: Int, k: Int), _ transposeA: Bool, _ transposeB: Bool,
        _ alpha: Double, _ beta: Double
    ) -> [Double] {
        (0..<p.m * p.n).map { index in
            let (i, j) = (index / p.n, index % p.n)
            var sum = 0.0
            for l in 0..<p.k {
                sum +=
                    Double(transposeA ? a[l * p.m + i] : a[i * p.k + l])
                    * Double(transposeB ? b[j * p.k + l] : b[l * p.n + j])
            }
            return alpha * sum + (beta == 0 ? 0 : beta * Double(c[index]))
        }
    }

    /// Sizes on both sides of the parts that threads take: 256 rows, 512 columns.
    private static let sizes = [(1, 1, 1), (3, 5, 7), (17, 33, 65), (1, 530, 9), (259, 6, 4), (258, 513, 2)]

    private static func check<T: Real>(_ type: T.Type) throws {
        let backend = CPUBackend()
        var generator = SeededGenerator(seed: 3)
        for (m, n, k) in sizes {
            for (transposeA, transposeB) in [(false, false), (true, false), (false, true), (true, true)] {
                for (alpha, beta) in [(1.0, 0.0), (-0.5, 2.0)] {
                    let a = generator.numbers(m * k).map { T($0) }
                    let b = generator.numbers(k * n).map { T($0) }
                    // beta = 0 overwrites whatever was there.
                    let c = beta == 0 ? [T](repeating: .nan, count: m * n) : generator.numbers(m * n).map { T($0) }
                    let target = try backend.upload(c, as: T.precision)
                    try backend.multiply(
                        MatrixProduct(
                            a: backend.upload(a, as: T.precision), b: backend.upload(b, as: T.precision), c: target,
                            m: m, n: n, k: k, transposeA: transposeA, transposeB: transposeB, alpha: alpha, beta: beta))
                    let wanted = reference(a, b, c, (m, n, k), transposeA, transposeB, alpha, beta)
                    let error = Distance.absolute(try backend.download(target), wanted)
                    #expect(error <= 2 * Tolerance.sum(k, T.precision), "\(m) × \(n), \(k) products")
                }
            }
        }
    }

    /// A matrix times its own transpose, at sizes on both sides of a tile of 32 and of a fifth: symmetric bit for bit, and
    /// whatever stood in the destination is gone.
    private static func checkSymmetric<T: Real>(_ type: T.Type) throws {
        let backend = CPUBackend()
        var generator = SeededGenerator(seed: 5)
        // The last two sums are long enough to be made in parts.
        for (n, k) in [(1, 37), (31, 37), (32, 37), (33, 37), (160, 37), (161, 37), (259, 37), (1, 65), (7, 453)] {
            let a = generator.numbers(n * k).map { T($0) }
            for isTransposed in [false, true] {
                let factor = try backend.upload(a, as: T.precision)
                let target = try backend.upload([T](repeating: .nan, count: n * n), as: T.precision)
                try backend.multiply(
                    MatrixProduct(
                        a: factor, b: factor, c: target, m: n, n: n, k: k, transposeA: isTransposed,
                        transposeB: !isTransposed, alpha: 0.5))
                let found = try backend.download(target)
                let wanted = reference(a, a, [], (n, n, k), isTransposed, !isTransposed, 0.5, 0)
                #expect(Distance.absolute(found, wanted) <= 2 * Tolerance.sum(k, T.precision), "\(n), \(k)")
                #expect((0..<n * n).allSatisfy { found[$0] == found[$0 % n * n + $0 / n] }, "\(n)")
            }
        }
    }

    @Test func symmetric() throws {
        try Self.checkSymmetric(Float.self)
        try Self.checkSymmetric(Double.self)
    }

    @Test func single() throws { try Self.check(Float.self) }
    @Test func double() throws { try Self.check(Double.self) }
}

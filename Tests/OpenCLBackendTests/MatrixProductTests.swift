import Compute
import TestSupport
import Testing

@testable import OpenCLBackend

@Suite(.needsOpenCL)
struct MatrixProductTests {
    private static func numbers<T: Real>(_ count: Int, _ generator: inout SeededGenerator) -> [T] {
        (0..<count).map { _ in T(Double.random(in: -1...1, using: &generator)) }
    }

    /// `alpha op(a) op(b) + beta c` in double.
    private static func reference<T: Real>(
        _ a: [T], _ b: [T], _ c: [T], _ m: Int, _ n: Int, _ k: Int, _ transposeA: Bool, _ transposeB: Bool,
        _ alpha: Double, _ beta: Double
    ) -> [Double] {
        (0..<m * n).map { index in
            let (i, j) = (index / n, index % n)
            var sum = 0.0
            for l in 0..<k {
                sum +=
                    Double(transposeA ? a[l * m + i] : a[i * k + l]) * Double(transposeB ? b[j * k + l] : b[l * n + j])
            }
            return alpha * sum + (beta == 0 ? 0 : beta * Double(c[index]))
        }
    }

    /// Each of k additions rounds a partial sum, which random signs let grow like √k, and the result is rounded.
    private static func tolerance<T: Real>(_ type: T.Type, _ k: Int) -> Double {
        Double(k + 2) * Double(T.ulpOfOne) * Double(k).squareRoot()
    }

    private static func check<T: Real>(_ type: T.Type, _ backend: OpenCLBackend) throws {
        var generator = SeededGenerator(seed: 3)
        for (m, n, k) in [(1, 1, 1), (3, 5, 7), (17, 33, 65), (64, 64, 64), (131, 67, 259), (211, 193, 197)] {
            for (transposeA, transposeB) in [(false, false), (true, false), (false, true), (true, true)] {
                for (alpha, beta) in [(1.0, 0.0), (-0.5, 2.0)] {
                    let a: [T] = numbers(m * k, &generator)
                    let b: [T] = numbers(k * n, &generator)
                    // beta = 0 overwrites whatever was there.
                    let c: [T] = beta == 0 ? Array(repeating: .nan, count: m * n) : numbers(m * n, &generator)
                    let target = try backend.send(c)
                    try backend.multiply(
                        MatrixProduct(
                            a: backend.send(a), b: backend.send(b), c: target, m: m, n: n, k: k,
                            transposeA: transposeA, transposeB: transposeB, alpha: alpha, beta: beta))
                    let result: [T] = try backend.receive(target)
                    let expected = reference(a, b, c, m, n, k, transposeA, transposeB, alpha, beta)
                    let bound = tolerance(type, k)
                    #expect(zip(result, expected).allSatisfy { abs(Double($0) - $1) <= bound }, "\(m) \(n) \(k)")
                }
            }
        }
    }

    @Test func single() throws { try Self.check(Float.self, Machine.backend()) }

    @Test func double() throws {
        let backend = try Machine.backend()
        if backend.device.supportsFloat64 { try Self.check(Double.self, backend) }
    }

    private static func checkSymmetric<T: Real>(_ type: T.Type, _ backend: OpenCLBackend) throws {
        var generator = SeededGenerator(seed: 5)
        for (n, k) in [(1, 1), (15, 4), (16, 16), (17, 33), (131, 70)] {
            for transposeA in [false, true] {
                let a: [T] = numbers(n * k, &generator)
                let buffer = try backend.send(a)
                let target = try backend.send([T](repeating: .nan, count: n * n))
                try backend.multiply(
                    MatrixProduct(
                        a: buffer, b: buffer, c: target, m: n, n: n, k: k, transposeA: transposeA,
                        transposeB: !transposeA, alpha: 2))
                let result: [T] = try backend.receive(target)
                let expected = reference(a, a, [], n, n, k, transposeA, !transposeA, 2, 0)
                let bound = 2 * tolerance(type, k)
                #expect(zip(result, expected).allSatisfy { abs(Double($0) - $1) <= bound }, "\(n) \(k)")
                #expect((0..<n * n).allSatisfy { result[$0] == result[$0 % n * n + $0 / n] }, "\(n) \(k)")
            }
        }
    }

    @Test func symmetric() throws {
        let backend = try Machine.backend()
        try Self.checkSymmetric(Float.self, backend)
        if backend.device.supportsFloat64 { try Self.checkSymmetric(Double.self, backend) }
    }
}

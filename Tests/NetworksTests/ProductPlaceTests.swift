import Compute
import TestSupport
import Testing

/// Products of parts of buffers, alone and in batches, against plain sums.
@Suite struct ProductPlaceTests {
    private static func check(_ backend: any Backend, _ precision: Precision, count: Int, shared: Bool) throws {
        let (m, n, k) = (33, 17, 65)
        let placeA = MatrixProduct.Place(offset: 7, stride: shared ? 0 : m * k + 3)
        let placeB = MatrixProduct.Place(offset: 11, stride: k * n)
        let placeC = MatrixProduct.Place(offset: 5, stride: m * n + 2)
        for (transposeA, transposeB) in [(false, false), (true, false), (false, true), (true, true)] {
            for beta in [0.0, 1] {
                var generator = SeededGenerator(seed: 2)
                func numbers(_ count: Int) -> [Double] { generator.numbers(count).rounded().widened() }
                let a = numbers(7 + m * k + (count - 1) * placeA.stride)
                let b = numbers(11 + count * k * n)
                let c = numbers(5 + count * placeC.stride)
                var wanted = c
                for index in 0..<count {
                    for i in 0..<m {
                        for j in 0..<n {
                            let sum = (0..<k).reduce(0.0) { sum, l in
                                sum + a[7 + index * placeA.stride + (transposeA ? l * m + i : i * k + l)]
                                    * b[11 + index * placeB.stride + (transposeB ? j * k + l : l * n + j)]
                            }
                            let place = 5 + index * placeC.stride + i * n + j
                            wanted[place] = 2 * sum + beta * c[place]
                        }
                    }
                }
                let target = try backend.upload(c, as: precision)
                try backend.multiply(
                    MatrixProduct(
                        a: backend.upload(a, as: precision), b: backend.upload(b, as: precision), c: target, m: m, n: n,
                        k: k, transposeA: transposeA, transposeB: transposeB, alpha: 2, beta: beta, placeA: placeA,
                        placeB: placeB, placeC: placeC, count: count))
                let error = Distance.absolute(try backend.download(target), wanted)
                #expect(error <= 2 * Tolerance.sum(k, precision), "\(transposeA), \(transposeB), beta \(beta)")
            }
        }
    }

    @Test(arguments: NetworkBackend.available, Precision.allCases)
    func places(on backend: NetworkBackend, precision: Precision) throws {
        try Self.check(backend.make(), precision, count: 1, shared: false)
    }

    @Test(arguments: NetworkBackend.available, Precision.allCases)
    func batches(on backend: NetworkBackend, precision: Precision) throws {
        try Self.check(backend.make(), precision, count: 3, shared: false)
        try Self.check(backend.make(), precision, count: 3, shared: true)
    }
}

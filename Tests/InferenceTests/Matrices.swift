import Compute
import TestSupport

/// Plain Double matrices that tests compare with: clarity before speed.
enum Matrices {
    /// A HostMatrix of the lower triangle of `elements`; the upper one is filled with a number that must not matter.
    static func lower(_ elements: [Double], _ n: Int, _ precision: Precision = .float64) throws -> HostMatrix {
        let matrix = try HostMatrix(rows: n, columns: n, precision: precision)
        for i in 0..<n {
            for j in 0..<n {
                let value = i >= j ? elements[i * n + j] : -7e30
                switch precision {
                case .float32: matrix.withElements(as: Float.self) { $0[i * n + j] = Float(value) }
                case .float64: matrix.withElements(as: Double.self) { $0[i * n + j] = value }
                }
            }
        }
        return matrix
    }

    /// B Bᵀ / d + shift · I of a random [n, d] matrix B.
    static func gram(_ n: Int, rank d: Int, shift: Double = 0, seed: UInt64) -> [Double] {
        var generator = SeededGenerator(seed: seed)
        let b = generator.numbers(n * d)
        var result = [Double](repeating: 0, count: n * n)
        for i in 0..<n {
            for j in 0..<n {
                var sum = 0.0
                for l in 0..<d { sum += b[i * d + l] * b[j * d + l] }
                result[i * n + j] = sum / Double(d) + (i == j ? shift : 0)
            }
        }
        return result
    }

    static func targets(_ n: Int, _ k: Int, seed: UInt64) -> Tensor<Double> {
        var generator = SeededGenerator(seed: seed)
        return Tensor(shape: [n, k], elements: generator.numbers(n * k))
    }

    /// a b for row-major a [m, l] and b [l, n].
    static func product(_ a: [Double], _ b: [Double], _ m: Int, _ l: Int, _ n: Int) -> [Double] {
        var result = [Double](repeating: 0, count: m * n)
        for i in 0..<m {
            for j in 0..<l { for c in 0..<n { result[i * n + c] += a[i * l + j] * b[j * n + c] } }
        }
        return result
    }

    /// T⁻¹ (I − exp(−T s)) = s Σ_j (−T s)^j / (j + 1)!, summed at s / 2^h and doubled h times by
    /// φ(2s) = φ(s) (I + exp(−T s)), exp(−T s) = I − T φ(s).
    static func flow(_ matrix: [Double], _ n: Int, _ scale: Double) -> [Double] {
        let halvings = 24
        let s = scale / Double(1 << halvings)
        var phi = [Double](repeating: 0, count: n * n)
        var power = (0..<n * n).map { $0 % (n + 1) == 0 ? 1.0 : 0.0 }
        var factor = s
        for j in 1...12 {
            for i in phi.indices { phi[i] += factor * power[i] }
            power = product(matrix, power, n, n, n)
            factor *= -s / Double(j + 1)
        }
        for _ in 0..<halvings {
            var exponential = product(matrix, phi, n, n, n).map { -$0 }
            for i in 0..<n { exponential[i * n + i] += 2 }
            phi = product(phi, exponential, n, n, n)
        }
        return phi
    }

    /// Largest difference, relative to the largest number of `b`.
    static func distance(_ a: [Double], _ b: [Double]) -> Double {
        let scale = b.map(abs).max() ?? 1
        return (zip(a, b).map { abs($0 - $1) }.max() ?? 0) / (scale > 0 ? scale : 1)
    }
}

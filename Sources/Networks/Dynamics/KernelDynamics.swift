import COpenBLAS
import Compute
import Inference

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// How a kernel moves along training: distances, norms and angles of the kernels at several times.
///
/// Everything follows from the inner products ⟨Θ_s, Θ_t⟩ = Tr Θ_s Θ_tᵀ, which are one matrix product of the
/// kernels taken as vectors, in float64.
///
/// Source: Tsilivis & Kempe 2022, eq. 11 and 12; Fort et al. 2020 for the kernel distance.
package struct KernelDynamics: Sendable {
    /// ⟨Θ_s, Θ_t⟩, [times, times].
    package let products: Tensor<Double>

    /// - Parameter kernels: at successive times, of one shape; the first is the initial one, the last the final one.
    /// - Complexity: T² N flops for T kernels of N numbers.
    package init(_ kernels: [HostMatrix]) {
        precondition(!kernels.isEmpty, "dynamics of no kernels")
        precondition(
            kernels.allSatisfy { $0.rows == kernels[0].rows && $0.columns == kernels[0].columns },
            "kernels of different shapes")
        let (times, size) = (kernels.count, kernels[0].rows * kernels[0].columns)
        // A part of every kernel at a time, widened.
        let part = 1 << 16
        var block = [Double](repeating: 0, count: times * min(part, size))
        var products = [Double](repeating: 0, count: times * times)
        BLASThreads.all {
            for first in stride(from: 0, to: size, by: part) {
                let count = min(part, size - first)
                for (time, kernel) in kernels.enumerated() {
                    kernel.widen(first..<first + count, into: &block, at: time * count)
                }
                cblas_dgemm(
                    CblasRowMajor, CblasNoTrans, CblasTrans, Int32(times), Int32(times), Int32(count), 1, block,
                    Int32(count), block, Int32(count), 1, &products, Int32(times))
            }
        }
        self.products = Tensor(shape: [times, times], elements: products)
    }

    package var times: Int { products.count }

    private func product(_ s: Int, _ t: Int) -> Double { products.elements[s * times + t] }

    /// ‖Θ_t‖_F.
    package var norms: [Double] { (0..<times).map { product($0, $0).squareRoot() } }

    /// d(Θ_s, Θ_t) = 1 − ⟨Θ_s, Θ_t⟩ / (‖Θ_s‖ ‖Θ_t‖), [times, times]; 0 on the diagonal.
    package var distances: Tensor<Double> {
        Tensor(
            shape: [times, times],
            elements: (0..<times * times).map { index in
                let (s, t) = (index / times, index % times)
                return s == t ? 0 : 1 - product(s, t) / (product(s, s) * product(t, t)).squareRoot()
            })
    }

    /// r_t = ‖Θ_t − Θ_0‖_F / ‖Θ_f − Θ_0‖_F, Θ_f being the last kernel; 0 where nothing has moved at the end.
    package var radii: [Double] {
        let moved = (0..<times).map { t in
            max(product(t, t) - 2 * product(0, t) + product(0, 0), 0).squareRoot()
        }
        return moved.map { moved[times - 1] > 0 ? $0 / moved[times - 1] : 0 }
    }

    /// θ_t = arccos(1 − d(Θ_t, Θ_0)), in radians.
    package var angles: [Double] {
        (0..<times).map { t in acos(min(max(1 - distances.elements[t * times], -1), 1)) }
    }
}

extension HostMatrix {
    /// Copies some of its numbers, counted row-major, widened.
    fileprivate func widen(_ range: Range<Int>, into target: inout [Double], at start: Int) {
        switch precision {
        case .float32:
            withElements(as: Float.self) { source in
                for (offset, index) in range.enumerated() { target[start + offset] = Double(source[index]) }
            }
        case .float64:
            withElements(as: Double.self) { source in
                for (offset, index) in range.enumerated() { target[start + offset] = source[index] }
            }
        }
    }
}

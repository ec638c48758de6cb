import COpenBLAS
import Compute
import Inference

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

extension Spectrum {
    /// Share of the largest p eigenvalues in the squared norm: Σ_{i ≤ p} λ_i² / Σ λ_i²; 0 for a kernel of zeros.
    ///
    /// Source: Tsilivis & Kempe 2022, section 5.
    package func concentration(top p: Int) -> Double {
        let squares = eigenvalues.map { $0 * $0 }
        let total = squares.reduce(0, +)
        return total > 0 ? squares.prefix(p).reduce(0, +) / total : 0
    }

    /// The exponential of the entropy of the eigenvalues' shares in their sum: between 1 and n. Eigenvalues that
    /// rounding made negative count as zero.
    ///
    /// Source: Roy & Vetterli 2007.
    package var effectiveRank: Double {
        let positive = eigenvalues.map { max($0, 0) }
        let total = positive.reduce(0, +)
        guard total > 0 else { return 0 }
        return exp(-positive.reduce(0) { $1 > 0 ? $0 + $1 / total * log($1 / total) : $0 })
    }

    /// Σ_{i in range} λ_i v_i v_iᵀ: the part of the kernel that some eigenvectors make, e.g. `0..<20` for the top 20.
    /// - Returns: [n, n] in float64.
    /// - Complexity: 2 n² flops per eigenvector.
    package func part(_ range: Range<Int>) throws(ComputeError) -> HostMatrix {
        precondition(range.lowerBound >= 0 && range.upperBound <= n, "eigenvectors \(range) of \(n)")
        let result = try HostMatrix(rows: n, columns: n, precision: .float64)
        let vectors = range.flatMap { eigenvector($0) }
        var scaled = vectors
        for (row, index) in range.enumerated() {
            for column in 0..<n { scaled[row * n + column] *= eigenvalues[index] }
        }
        guard !range.isEmpty else { return result }
        BLASThreads.all {
            result.withElements(as: Double.self) { target in
                cblas_dgemm(
                    CblasRowMajor, CblasTrans, CblasNoTrans, Int32(n), Int32(n), Int32(range.count), 1, scaled,
                    Int32(n), vectors, Int32(n), 0, target.baseAddress, Int32(n))
            }
        }
        return result
    }
}

extension HostMatrix {
    /// Alignment of a square kernel with targets: ⟨Θ, Y Yᵀ⟩ / (‖Θ‖_F ‖Y Yᵀ‖_F), between −1 and 1.
    ///
    /// Source: Cristianini et al. 2001.
    /// - Parameter targets: Y, [n, k].
    package func alignment(with targets: Tensor<Double>) -> Double {
        precondition(rows == columns && targets.count == rows, "\(targets.shape) targets for \(rows) × \(columns)")
        let k = targets.stride
        var (inner, kernelSquares, targetSquares) = (0.0, 0.0, 0.0)
        for i in 0..<rows {
            for j in 0..<columns {
                let value = self[i, j]
                var product = 0.0
                for c in 0..<k { product += targets.elements[i * k + c] * targets.elements[j * k + c] }
                inner += value * product
                kernelSquares += value * value
                targetSquares += product * product
            }
        }
        let scale = (kernelSquares * targetSquares).squareRoot()
        return scale > 0 ? inner / scale : 0
    }
}

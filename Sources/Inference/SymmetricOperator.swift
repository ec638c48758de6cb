import COpenBLAS

/// A symmetric matrix that is known by its products with vectors.
package protocol SymmetricOperator {
    /// Rows and columns.
    var n: Int { get }

    /// Θ V for vectors that stand row by row.
    /// - Parameters:
    ///   - vectors: Vᵀ, `count` rows of n numbers.
    ///   - target: (Θ V)ᵀ, as large.
    /// - Complexity: 2 n² count flops.
    func multiply(
        _ vectors: UnsafePointer<Double>, count: Int, into target: UnsafeMutablePointer<Double>
    ) throws(InferenceError)
}

extension SymmetricMatrix: SymmetricOperator {
    func multiply(
        _ vectors: UnsafePointer<Double>, count: Int, into target: UnsafeMutablePointer<Double>
    ) throws(InferenceError) {
        BLASThreads.all {
            withBase { base in
                // Column-major sees the upper triangle on the left of the vectors as columns.
                cblas_dsymm(
                    CblasColMajor, CblasLeft, CblasUpper, Int32(n), Int32(count), 1, base, Int32(n), vectors,
                    Int32(n), 0, target, Int32(n))
            }
        }
    }
}

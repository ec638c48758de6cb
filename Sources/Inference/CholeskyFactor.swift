import COpenBLAS
import Compute

/// Θ + λI = L Lᵀ in float64.
package struct CholeskyFactor {
    private let lower: SymmetricMatrix
    package var n: Int { lower.n }

    /// Factors the lower triangle of `gram`, with `ridge` added to the diagonal.
    ///
    /// A pivot counts as positive only above n · 2⁻⁵³ · 2 times its diagonal entry: below that it is rounding error
    /// of the factorisation itself (Higham, Accuracy and Stability of Numerical Algorithms, Theorem 10.3).
    /// - Parameters:
    ///   - gram: Θ, n × n, either precision; only i ≥ j is read.
    ///   - diagReg: what the user set, for the error's advice.
    /// - Throws: `InferenceError.notPositiveDefinite`, `.notFinite`, `.outOfMemory`.
    /// - Complexity: n³/3 flops, n² doubles beside Θ (half of the pages are never touched).
    package init(_ gram: HostMatrix, ridge: Double, diagReg: Double) throws(InferenceError) {
        try self.init(gram, ridge: ridge, diagReg: diagReg) { i in
            Self.smallestPivot(diagonal: gram[i, i] + ridge, of: gram.rows)
        }
    }

    /// The factor of a matrix whose pivots have a history.
    /// - Parameter smallestPivot: the bound of row i, below which a pivot is rounding error.
    init(
        _ gram: HostMatrix, ridge: Double, diagReg: Double, smallestPivot: (Int) -> Double
    ) throws(InferenceError) {
        lower = try SymmetricMatrix(copying: gram, ridge: ridge)
        let stop = BLASThreads.all { Self.factor(lower) }
        let failed = (0..<stop).first { i in
            lower.withBase { base in !(base[i * lower.n + i] * base[i * lower.n + i] > smallestPivot(i)) }
        }
        if let row = failed {
            let root = lower.withBase { $0[row * lower.n + row] }
            throw .notPositiveDefinite(row: row + 1, of: n, pivot: root * root, diagReg: diagReg)
        }
        if stop < n {
            let (row, pivot) = try Self.pivot(gram, ridge: ridge, failed: stop)
            throw .notPositiveDefinite(row: row + 1, of: n, pivot: pivot, diagReg: diagReg)
        }
    }

    /// (Θ + λI)⁻¹ Y.
    /// - Parameter targets: Y, [n, k].
    /// - Returns: [n, k].
    /// - Complexity: 2 n² k flops.
    package func solve(_ targets: Tensor<Double>) -> Tensor<Double> {
        let k = targets.stride
        var columns = targets.transposed()
        BLASThreads.all {
            lower.withBase { base in
                let n = Int32(lower.n)
                let info = columns.withUnsafeMutableBufferPointer {
                    LAPACKE_dpotrs_work(LAPACK_COL_MAJOR, 85, n, Int32(k), base, n, $0.baseAddress, max(n, 1))
                }
                precondition(info == 0, "dpotrs refused argument \(-info)")
            }
        }
        return Tensor(columns: columns, shape: [lower.n, k])
    }

    /// Rounding error of a pivot in the factorisation of a matrix of n rows.
    static func smallestPivot(diagonal: Double, of n: Int) -> Double { Double(n) * Double.ulpOfOne * abs(diagonal) }

    /// L, [n, n], with zeros above the diagonal.
    var matrix: HostMatrix { lower.storage }

    /// L, for tests.
    func entry(_ i: Int, _ j: Int) -> Double { i >= j ? lower.storage[i, j] : 0 }

    /// Factors in place and returns how many rows were done: n, or the position of the failing pivot.
    private static func factor(_ matrix: SymmetricMatrix) -> Int {
        matrix.withBase { base in
            let n = Int32(matrix.n)
            // 85 is "U": see SymmetricMatrix.
            let info = LAPACKE_dpotrf_work(LAPACK_COL_MAJOR, 85, n, base, max(n, 1))
            precondition(info >= 0, "dpotrf refused argument \(-info)")
            return info == 0 ? matrix.n : Int(info) - 1
        }
    }

    /// The pivot at the row where a factorisation failed.
    ///
    /// What `dpotrf` leaves there differs between implementations, so the Schur complement is computed anew:
    /// T_rr − ‖L⁻¹ T_r‖² with L the factor of the rows above. Should that factor fail too, by other rounding, the
    /// earlier row is the answer.
    private static func pivot(_ gram: HostMatrix, ridge: Double, failed: Int) throws(InferenceError) -> (Int, Double) {
        var row = failed
        while row > 0 {
            let leading = try SymmetricMatrix(copying: gram, ridge: ridge, leading: row)
            let done = BLASThreads.all { factor(leading) }
            if done < row {
                row = done
                continue
            }
            var solution = (0..<row).map { gram[row, $0] }
            leading.withBase { base in
                solution.withUnsafeMutableBufferPointer {
                    cblas_dtrsv(
                        CblasColMajor, CblasUpper, CblasTrans, CblasNonUnit, Int32(row), base, Int32(row),
                        $0.baseAddress, 1)
                }
            }
            return (row, gram[row, row] + ridge - solution.reduce(0) { $0 + $1 * $1 })
        }
        return (0, gram[0, 0] + ridge)
    }
}

extension Tensor<Double> {
    /// The numbers of a matrix [n, k] column by column, as LAPACK wants right-hand sides.
    func transposed() -> [Double] {
        let k = stride
        var columns = [Double](repeating: 0, count: elements.count)
        for i in 0..<count { for c in 0..<k { columns[c * count + i] = elements[i * k + c] } }
        return columns
    }

    /// A matrix from its columns.
    init(columns: [Double], shape: [Int]) {
        let (n, k) = (shape[0], shape[1])
        var elements = [Double](repeating: 0, count: columns.count)
        for i in 0..<n { for c in 0..<k { elements[i * k + c] = columns[c * n + i] } }
        self.init(shape: shape, elements: elements)
    }
}

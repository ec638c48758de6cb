import COpenBLAS
import Compute

/// Θ = Σ λ_i v_i v_iᵀ in float64: eigenvalues and eigenvectors of a Gram matrix, all or the largest, computed once and
/// used for any ridge, training time and feature.
///
/// Source: Tsilivis & Kempe 2022, eq. 9 (index 0 is the largest eigenvalue).
public final class Spectrum: Sendable {
    /// Number of points.
    public let n: Int
    /// λ_0 ≥ λ_1 ≥ …, [count].
    public let eigenvalues: [Double]
    /// The largest ‖Θv − λv‖ / λ_0, where it has been computed: always for the largest eigenvalues alone.
    public let residual: Double?
    /// Row r is the eigenvector of the (count − 1 − r)-th eigenvalue: LAPACK's ascending order.
    package let rows: HostMatrix

    /// Number of known eigenvalues.
    public var count: Int { eigenvalues.count }
    /// Whether all eigenvalues are known.
    public var isComplete: Bool { count == n }

    /// How the matrix is decomposed.
    enum Method {
        /// Divide and conquer: fastest, needs 2 n² doubles of workspace.
        case dsyevd
        /// Relatively robust representations: n² doubles of workspace.
        case dsyevr
    }

    /// Largest n whose `dsyevd` workspace 1 + 6n + 2n² is counted by a 32-bit integer. Above it LAPACK silently asks
    /// for a wrong size, so the decomposition goes through `dsyevr`, whose counts are linear in n.
    static let divideAndConquerLimit = 32_766

    /// Decomposes the lower triangle of `gram`.
    /// - Parameter gram: Θ, n × n, either precision; only i ≥ j is read.
    /// - Throws: `InferenceError.notFinite`, `.lapack`, `.outOfMemory`, `.usage` where it is not square.
    /// - Complexity: about 9 n³ flops; beside Θ 3 n² doubles while it runs, n² afterwards (from n = 32,767 on:
    ///   2 n² and n²).
    public convenience init(of gram: HostMatrix) throws(InferenceError) {
        try self.init(of: gram, method: gram.rows <= Self.divideAndConquerLimit ? .dsyevd : .dsyevr)
    }

    /// The `count` largest eigenvalues and their vectors.
    ///
    /// Few of many are found by ``BlockKrylov``, whose products run on the devices; otherwise all are computed, because
    /// that is faster then.
    /// - Parameters:
    ///   - count: at most n.
    ///   - gram: Θ, n × n, either precision; only i ≥ j is read.
    ///   - backends: devices that multiply; the host does where none of them has the room.
    ///   - tolerance: wanted ‖Θv − λv‖ / λ_0.
    /// - Throws: `InferenceError.spectrumNotConverged` and those of the full decomposition.
    /// - Complexity: some hundred products of Θ with `count` / 3 vectors, n² doubles beside Θ and on the devices.
    package static func largest(
        _ count: Int, of gram: HostMatrix, on backends: [any Backend], tolerance: Double = 1e-12
    ) throws(InferenceError) -> Spectrum {
        precondition(count > 0 && count <= gram.rows, "\(count) eigenvalues of \(gram.rows)")
        guard isPartialBetter(count, of: gram.rows) else { return try Spectrum(of: gram) }
        let solution = try BlockKrylov(count: count, tolerance: tolerance).solve(BlockOperator(gram, on: backends))
        return Spectrum(eigenvalues: solution.eigenvalues, rows: solution.rows, residual: solution.residual)
    }

    /// Whether the largest eigenvalues alone are found faster than all.
    package static func isPartialBetter(_ count: Int, of n: Int) -> Bool { n >= 1500 && count <= n / 10 }

    /// Known eigenpairs.
    /// - Parameters:
    ///   - eigenvalues: descending, [count].
    ///   - rows: as the property.
    package init(eigenvalues: [Double], rows: HostMatrix, residual: Double?) {
        precondition(rows.rows == eigenvalues.count && rows.precision == .float64, "eigenvectors that do not fit")
        n = rows.columns
        self.eigenvalues = eigenvalues
        self.rows = rows
        self.residual = residual
    }

    init(of gram: HostMatrix, method: Method) throws(InferenceError) {
        guard gram.rows == gram.columns, gram.rows > 0 else {
            throw .usage("a Gram matrix of \(gram.rows) × \(gram.columns) has no spectrum: it must be square")
        }
        let matrix = try SymmetricMatrix(copying: gram, ridge: 0)
        n = matrix.n
        var values = [Double](repeating: 0, count: n)
        switch method {
        case .dsyevd:
            try Self.divideAndConquer(matrix, &values)
            rows = matrix.storage
        case .dsyevr: rows = try Self.robustRepresentations(matrix, &values)
        }
        eigenvalues = values.reversed()
        residual = nil
    }

    /// v_i, [n], of unit length; its sign is LAPACK's.
    /// - Parameter index: 0 is the largest eigenvalue.
    public func eigenvector(_ index: Int) -> [Double] {
        rows.withElements(as: Double.self) { Array($0[(count - 1 - index) * n..<(count - index) * n]) }
    }

    /// Vᵀ Y, row i belonging to eigenvalue i.
    /// - Parameter targets: Y, [n, k].
    /// - Returns: [count, k].
    /// - Complexity: 2 n · count · k flops.
    package func project(_ targets: Tensor<Double>) -> Tensor<Double> { reversed(multiply(targets, transposed: false)) }

    /// V C, row i of C belonging to eigenvalue i.
    /// - Parameter coefficients: C, [count, k].
    /// - Returns: [n, k].
    /// - Complexity: 2 n · count · k flops.
    package func combine(_ coefficients: Tensor<Double>) -> Tensor<Double> {
        multiply(reversed(coefficients), transposed: true)
    }

    private func multiply(_ right: Tensor<Double>, transposed: Bool) -> Tensor<Double> {
        let k = right.stride
        let (m, inner) = transposed ? (n, count) : (count, n)
        precondition(right.count == inner, "a product of \(count) eigenvectors of \(n) and \(right.shape)")
        var product = [Double](repeating: 0, count: m * k)
        BLASThreads.all {
            rows.withElements(as: Double.self) { vectors in
                cblas_dgemm(
                    CblasRowMajor, transposed ? CblasTrans : CblasNoTrans, CblasNoTrans, Int32(m), Int32(k),
                    Int32(inner), 1, vectors.baseAddress, Int32(n), right.elements, Int32(k), 0, &product,
                    Int32(k))
            }
        }
        return Tensor(shape: [m, k], elements: product)
    }

    private func reversed(_ tensor: Tensor<Double>) -> Tensor<Double> {
        let k = tensor.stride
        return Tensor(
            shape: tensor.shape, elements: (0..<count).reversed().flatMap { tensor.elements[$0 * k..<($0 + 1) * k] })
    }

    private static func divideAndConquer(_ matrix: SymmetricMatrix, _ values: inout [Double]) throws(InferenceError) {
        let n = matrix.n
        let size = 1 + 6 * n + 2 * n * n
        precondition(size <= Int(Int32.max), "dsyevd cannot count its workspace at n = \(n)")
        let work = try SymmetricMatrix.matrix(1, size)
        var integers = [Int32](repeating: 0, count: 3 + 5 * n)
        let info = BLASThreads.all {
            matrix.withBase { base in
                work.withElements(as: Double.self) { work in
                    // 86 is "V", 85 is "U": see SymmetricMatrix.
                    LAPACKE_dsyevd_work(
                        LAPACK_COL_MAJOR, 86, 85, Int32(n), base, Int32(n), &values, work.baseAddress,
                        Int32(size), &integers, Int32(integers.count))
                }
            }
        }
        guard info == 0 else { throw .lapack(routine: "dsyevd", info: Int(info), n: n) }
    }

    private static func robustRepresentations(
        _ matrix: SymmetricMatrix, _ values: inout [Double]
    ) throws(InferenceError) -> HostMatrix {
        let n = matrix.n
        let vectors = try SymmetricMatrix.matrix(n, n)
        // 26 n and 10 n are the least; a block of 64 columns lets the tridiagonal reduction use matrix products.
        var work = [Double](repeating: 0, count: 70 * n)
        var integers = [Int32](repeating: 0, count: 10 * n)
        var support = [Int32](repeating: 0, count: 2 * n)
        var found: Int32 = 0
        let info = BLASThreads.all {
            matrix.withBase { base in
                vectors.withElements(as: Double.self) { vectors in
                    // 86 is "V", 65 is "A", 85 is "U": see SymmetricMatrix.
                    LAPACKE_dsyevr_work(
                        LAPACK_COL_MAJOR, 86, 65, 85, Int32(n), base, Int32(n), 0, 0, 0, 0, 0, &found,
                        &values, vectors.baseAddress, Int32(n), &support, &work, Int32(work.count),
                        &integers, Int32(integers.count))
                }
            }
        }
        guard info == 0, found == n else { throw .lapack(routine: "dsyevr", info: Int(info), n: n) }
        return vectors
    }
}

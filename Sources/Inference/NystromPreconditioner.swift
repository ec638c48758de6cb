import COpenBLAS
import Compute

/// An approximation of the inverse of Θ + λI that costs one product of Θ with a block of random vectors.
///
/// Θ ≈ U Λ Uᵀ of rank p from the sketch Y = ΘΩ, and `P⁻¹ = I + U ((λ_p + λ) (Λ + λI)⁻¹ − I) Uᵀ`: the p largest
/// eigenvalues are brought down to the p-th, so that conjugate gradients see a condition of (λ_p + λ) / (λ_n + λ).
///
/// Source: Frangella, Tropp & Udell 2023, Randomized Nyström Preconditioning, algorithms 2.1 and 5.1.
package struct NystromPreconditioner: Sendable {
    /// Λ, descending, [p].
    let eigenvalues: [Double]
    /// Uᵀ, [p, n].
    private let vectors: HostMatrix

    /// A rank whose matrices fit: at most 500, a quarter of n, and 24 n p bytes.
    package static func rank(_ n: Int, memory: Int) -> Int { max(1, min(500, n / 4, memory / (24 * n))) }

    /// - Parameter rank: p, at most n.
    /// - Throws: `InferenceError.lapack`, `.outOfMemory`, and what products with Θ throw.
    /// - Complexity: 2 n² p flops for the product and about 10 n p² besides; 3 n p doubles.
    package init(_ matrix: some SymmetricOperator, rank p: Int, seed: UInt64 = 0x6e74_6b6e) throws(InferenceError) {
        let n = matrix.n
        precondition(p > 0 && p <= n, "a rank of \(p) in \(n) dimensions")
        let sketch = try Self.orthonormal(p, n, seed)
        let image = try SymmetricMatrix.matrix(p, n)
        try matrix.multiply(sketch.doubles, count: p, into: image.doubles)
        var shift = max(Self.norm(image) * Double(n).squareRoot() * Double.ulpOfOne, .leastNormalMagnitude)
        // Rounding may leave the core indefinite: then the shift was too small.
        for attempt in 0..<8 {
            Self.add(shift - (attempt == 0 ? 0 : shift / 10), sketch, to: image)
            if Self.divide(image, byFactorOf: sketch) { break }
            guard attempt < 7 else { throw .lapack(routine: "dpotrf", info: p, n: p) }
            shift *= 10
        }
        let (values, left) = try Self.singular(image)
        eigenvalues = values.map { max(0, $0 * $0 - shift) }
        vectors = left
    }

    /// P⁻¹ R.
    /// - Parameter residuals: Rᵀ, [count, n].
    /// - Returns: as large.
    /// - Complexity: 4 n p count flops.
    func apply(to residuals: [Double], count: Int, ridge: Double) -> [Double] {
        let (p, n) = (vectors.rows, vectors.columns)
        var coefficients = [Double](repeating: 0, count: count * p)
        var result = residuals
        let smallest = (eigenvalues.last ?? 0) + ridge
        BLASThreads.all {
            cblas_dgemm(
                CblasRowMajor, CblasNoTrans, CblasTrans, Int32(count), Int32(p), Int32(n), 1, residuals, Int32(n),
                vectors.doubles, Int32(n), 0, &coefficients, Int32(p))
            for place in coefficients.indices {
                let eigenvalue = eigenvalues[place % p] + ridge
                coefficients[place] *= eigenvalue > 0 ? smallest / eigenvalue - 1 : 0
            }
            cblas_dgemm(
                CblasRowMajor, CblasNoTrans, CblasNoTrans, Int32(count), Int32(n), Int32(p), 1, coefficients,
                Int32(p), vectors.doubles, Int32(n), 1, &result, Int32(n))
        }
        return result
    }

    /// p orthonormal random rows of n numbers.
    private static func orthonormal(_ p: Int, _ n: Int, _ seed: UInt64) throws(InferenceError) -> HostMatrix {
        let rows = try SymmetricMatrix.matrix(p, n)
        var generator = SplitMix64(seed)
        // Uniform numbers serve as well as normal ones: only their span matters.
        for index in 0..<p * n { rows.doubles[index] = Double.random(in: -1...1, using: &generator) }
        var reflectors = [Double](repeating: 0, count: p)
        var work = [Double](repeating: 0, count: 64 * p)
        try BLASThreads.all { () throws(InferenceError) in
            // To LAPACK the rows are columns.
            var info = LAPACKE_dgeqrf_work(
                LAPACK_COL_MAJOR, Int32(n), Int32(p), rows.doubles, Int32(n), &reflectors, &work, Int32(work.count))
            guard info == 0 else { throw .lapack(routine: "dgeqrf", info: Int(info), n: n) }
            info = LAPACKE_dorgqr_work(
                LAPACK_COL_MAJOR, Int32(n), Int32(p), Int32(p), rows.doubles, Int32(n), reflectors, &work,
                Int32(work.count))
            guard info == 0 else { throw .lapack(routine: "dorgqr", info: Int(info), n: n) }
        }
        return rows
    }

    private static func norm(_ matrix: HostMatrix) -> Double {
        cblas_dnrm2(Int32(matrix.rows * matrix.columns), matrix.doubles, 1)
    }

    private static func add(_ factor: Double, _ source: HostMatrix, to target: HostMatrix) {
        for index in 0..<source.rows * source.columns { target.doubles[index] += factor * source.doubles[index] }
    }

    /// Y ← Y C⁻ᵀ with C Cᵀ = Ωᵀ Y, on rows; false, with Y as it was, where that product is not positive definite.
    private static func divide(_ image: HostMatrix, byFactorOf sketch: HostMatrix) -> Bool {
        let (p, n) = (Int32(image.rows), Int32(image.columns))
        var core = [Double](repeating: 0, count: image.rows * image.rows)
        return BLASThreads.all {
            cblas_dgemm(
                CblasRowMajor, CblasNoTrans, CblasTrans, p, p, n, 1, sketch.doubles, n, image.doubles, n, 0, &core, p)
            // 85 is "U": to LAPACK the lower triangle, row-major, is the upper one.
            guard LAPACKE_dpotrf_work(LAPACK_COL_MAJOR, 85, p, &core, p) == 0 else { return false }
            cblas_dtrsm(
                CblasRowMajor, CblasLeft, CblasLower, CblasNoTrans, CblasNonUnit, p, n, 1, core, p, image.doubles, n)
            return true
        }
    }

    /// Singular values, descending, and left vectors as rows, of the matrix whose columns are the rows of `image`.
    private static func singular(_ image: HostMatrix) throws(InferenceError) -> ([Double], HostMatrix) {
        let (p, n) = (image.rows, image.columns)
        let left = try SymmetricMatrix.matrix(p, n)
        var values = [Double](repeating: 0, count: p)
        var right = [Double](repeating: 0, count: p * p)
        // The least that dgesdd asks for with jobz S, and room for its blocks.
        var work = [Double](repeating: 0, count: 4 * p * p + 7 * p + 64 * p + p * 64)
        var integers = [Int32](repeating: 0, count: 8 * p)
        let info = BLASThreads.all {
            // 83 is "S".
            LAPACKE_dgesdd_work(
                LAPACK_COL_MAJOR, 83, Int32(n), Int32(p), image.doubles, Int32(n), &values, left.doubles, Int32(n),
                &right, Int32(p), &work, Int32(work.count), &integers)
        }
        guard info == 0 else { throw .lapack(routine: "dgesdd", info: Int(info), n: n) }
        return (values, left)
    }
}

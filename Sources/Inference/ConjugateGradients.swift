import COpenBLAS
import Compute

/// (Θ + λI)⁻¹ Y by conjugate gradients in float64, all right-hand sides at a time, each with its own step lengths.
///
/// For matrices that are too large to factor or well enough conditioned that few products suffice.
/// Source: Hestenes & Stiefel 1952.
struct ConjugateGradients {
    /// Wanted ‖Y − (Θ + λI) α‖ / ‖Y‖ of every column.
    var tolerance = 1e-10
    /// Most products with Θ; nil for 10 n.
    var iterationLimit: Int?

    struct Solution {
        /// [n, k].
        let weights: Tensor<Double>
        /// Products with Θ.
        let iterations: Int
        /// The largest relative residual of a column, computed anew from the solution.
        let residual: Double
    }

    /// - Parameter targets: Y, [n, k].
    /// - Throws: `InferenceError.negativeCurvature`, `.notConverged`, `.notFinite`, `.outOfMemory`.
    /// - Complexity: 2 n² k flops per iteration; n² doubles beside Θ, which is copied in float64.
    func solve(
        _ gram: HostMatrix, ridge: Double, diagReg: Double, targets: Tensor<Double>
    ) throws(InferenceError) -> Solution {
        let matrix = try SymmetricMatrix(copying: gram, ridge: ridge)
        return try BLASThreads.all { () throws(InferenceError) -> Solution in
            try iterate(matrix, diagReg, targets)
        }
    }

    private func iterate(
        _ matrix: SymmetricMatrix, _ diagReg: Double, _ targets: Tensor<Double>
    ) throws(InferenceError) -> Solution {
        let (n, k) = (matrix.n, targets.stride)
        let limit = iterationLimit ?? 10 * n
        var x = [Double](repeating: 0, count: n * k)
        var r = targets.elements
        var p = r
        let goal = Self.dots(r, r, k).map { $0 * tolerance * tolerance }
        var rr = Self.dots(r, r, k)
        var iterations = 0
        // A residual of zero right-hand sides is zero, and so is the goal: such columns are done at once.
        while (0..<k).contains(where: { rr[$0] > goal[$0] }) && iterations < limit {
            let q = Self.product(matrix, p, k)
            let curvature = Self.dots(p, q, k)
            for c in 0..<k where rr[c] > goal[c] && !(curvature[c] > 0) {
                throw .negativeCurvature(iteration: iterations + 1, curvature: curvature[c], diagReg: diagReg)
            }
            let alpha = (0..<k).map { rr[$0] > goal[$0] ? rr[$0] / curvature[$0] : 0 }
            for i in 0..<n {
                for c in 0..<k {
                    x[i * k + c] += alpha[c] * p[i * k + c]
                    r[i * k + c] -= alpha[c] * q[i * k + c]
                }
            }
            let next = Self.dots(r, r, k)
            for i in 0..<n {
                for c in 0..<k where rr[c] > goal[c] {
                    p[i * k + c] = r[i * k + c] + next[c] / rr[c] * p[i * k + c]
                }
            }
            // Columns that are done keep their residual, their direction and their solution.
            for c in 0..<k where rr[c] > goal[c] { rr[c] = next[c] }
            iterations += 1
        }
        let residual = Self.residual(matrix, x, targets)
        // The recurrence drifts from the true residual by rounding: a factor of ten is granted.
        guard residual <= 10 * tolerance else {
            throw .notConverged(iterations: iterations, residual: residual, tolerance: tolerance)
        }
        return Solution(weights: Tensor(shape: [n, k], elements: x), iterations: iterations, residual: residual)
    }

    /// The largest ‖Y − T α‖ / ‖Y‖ over the columns.
    private static func residual(_ matrix: SymmetricMatrix, _ x: [Double], _ targets: Tensor<Double>) -> Double {
        let k = targets.stride
        let difference = zip(targets.elements, product(matrix, x, k)).map(-)
        let (errors, norms) = (dots(difference, difference, k), dots(targets.elements, targets.elements, k))
        return zip(errors, norms).map { $1 > 0 ? ($0 / $1).squareRoot() : 0 }.max() ?? 0
    }

    /// T x, [n, k].
    private static func product(_ matrix: SymmetricMatrix, _ x: [Double], _ k: Int) -> [Double] {
        var result = [Double](repeating: 0, count: x.count)
        let n = Int32(matrix.n)
        matrix.withBase { base in
            cblas_dsymm(
                CblasRowMajor, CblasLeft, CblasLower, n, Int32(k), 1, base, n, x, Int32(k), 0, &result,
                Int32(k))
        }
        return result
    }

    /// Σ_i a_ic b_ic for every column c.
    private static func dots(_ a: [Double], _ b: [Double], _ k: Int) -> [Double] {
        var sums = [Double](repeating: 0, count: k)
        for i in 0..<a.count / max(k, 1) { for c in 0..<k { sums[c] += a[i * k + c] * b[i * k + c] } }
        return sums
    }
}

import Compute

/// (Θ + λI)⁻¹ Y by preconditioned conjugate gradients in float64, all right-hand sides in one product with Θ, each with
/// its own step lengths.
///
/// For matrices that are too large to factor or well enough conditioned that few products suffice.
/// Source: Hestenes & Stiefel 1952.
package struct ConjugateGradients {
    /// Wanted ‖Y − (Θ + λI) α‖ / ‖Y‖ of every column.
    package var tolerance = 1e-10
    /// Most products with Θ; nil for 10 n.
    package var iterationLimit: Int?
    package var preconditioner: NystromPreconditioner?
    /// Told after each product: how many there were, and the largest relative residual as the recurrence has it.
    package var onIteration: (Int, Double) -> Void = { _, _ in }

    package init() {}

    package struct Solution {
        /// [n, k].
        package let weights: Tensor<Double>
        /// Products with Θ.
        package let iterations: Int
        /// The largest relative residual of a column, computed anew from the solution.
        package let residual: Double
    }

    /// - Parameters:
    ///   - matrix: Θ.
    ///   - ridge: λ.
    ///   - diagReg: what the user set, for the error's advice.
    ///   - targets: Y, [n, k].
    /// - Throws: `InferenceError.negativeCurvature`, `.notConverged`, and what products with Θ throw.
    /// - Complexity: one product of Θ with k vectors per iteration; 5 n k doubles.
    package func solve(
        _ matrix: some SymmetricOperator, ridge: Double, diagReg: Double, targets: Tensor<Double>
    ) throws(InferenceError) -> Solution {
        let (n, k) = (matrix.n, targets.stride)
        // Vectors stand row by row, [k, n].
        let y = targets.transposed()
        var x = [Double](repeating: 0, count: n * k)
        var r = y
        var z = precondition(r, k, ridge)
        var p = z
        var rr = Self.dots(r, r, k)
        var rz = Self.dots(r, z, k)
        let norms = rr
        let goal = rr.map { $0 * tolerance * tolerance }
        var iterations = 0
        // A residual of zero right-hand sides is zero, and so is the goal: such columns are done at once.
        while (0..<k).contains(where: { rr[$0] > goal[$0] }) && iterations < iterationLimit ?? 10 * n {
            let q = try Self.product(matrix, ridge, p, k)
            let curvature = Self.dots(p, q, k)
            // Columns that are done keep their residual, their direction and their solution.
            let open = (0..<k).filter { rr[$0] > goal[$0] }
            for c in open {
                guard curvature[c] > 0 else {
                    throw .negativeCurvature(iteration: iterations + 1, curvature: curvature[c], diagReg: diagReg)
                }
                let alpha = rz[c] / curvature[c]
                for i in c * n..<(c + 1) * n {
                    x[i] += alpha * p[i]
                    r[i] -= alpha * q[i]
                }
            }
            z = precondition(r, k, ridge)
            let next = Self.dots(r, z, k)
            let squares = Self.dots(r, r, k)
            for c in open {
                for i in c * n..<(c + 1) * n { p[i] = z[i] + next[c] / rz[c] * p[i] }
                (rz[c], rr[c]) = (next[c], squares[c])
            }
            iterations += 1
            onIteration(iterations, Self.largestRatio(rr, norms))
        }
        let residual = try Self.residual(matrix, ridge, x, y, k)
        // The recurrence drifts from the true residual by rounding: a factor of ten is granted.
        guard residual <= 10 * tolerance else {
            throw .notConverged(iterations: iterations, residual: residual, tolerance: tolerance)
        }
        return Solution(weights: Tensor(columns: x, shape: [n, k]), iterations: iterations, residual: residual)
    }

    /// The largest ‖Y − (Θ + λI) α‖ / ‖Y‖ of a column.
    /// - Parameters: α and Y, [k, n].
    static func residual(
        _ matrix: some SymmetricOperator, _ ridge: Double, _ x: [Double], _ y: [Double], _ k: Int
    ) throws(InferenceError) -> Double {
        let difference = zip(y, try product(matrix, ridge, x, k)).map(-)
        return largestRatio(dots(difference, difference, k), dots(y, y, k))
    }

    private func precondition(_ r: [Double], _ k: Int, _ ridge: Double) -> [Double] {
        preconditioner?.apply(to: r, count: k, ridge: ridge) ?? r
    }

    /// (Θ + λI) x, [k, n].
    static func product(
        _ matrix: some SymmetricOperator, _ ridge: Double, _ x: [Double], _ k: Int
    ) throws(InferenceError) -> [Double] {
        var result = [Double](repeating: 0, count: x.count)
        // A closure with a typed throw of its own, so that the type survives the standard library's.
        let failure: InferenceError? = result.withUnsafeMutableBufferPointer { target in
            guard let start = target.baseAddress else { return nil }
            do throws(InferenceError) {
                try matrix.multiply(x, count: k, into: start)
                return nil
            } catch { return error }
        }
        if let failure { throw failure }
        for i in x.indices { result[i] += ridge * x[i] }
        return result
    }

    /// Σ_i a_ci b_ci for every row c.
    static func dots(_ a: [Double], _ b: [Double], _ k: Int) -> [Double] {
        let n = a.count / max(k, 1)
        return (0..<k).map { c in
            var sum = 0.0
            for i in c * n..<(c + 1) * n { sum += a[i] * b[i] }
            return sum
        }
    }

    /// The largest √(a / b).
    private static func largestRatio(_ a: [Double], _ b: [Double]) -> Double {
        zip(a, b).map { $1 > 0 ? ($0 / $1).squareRoot() : 0 }.max() ?? 0
    }
}

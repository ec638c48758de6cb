import Compute
import Storage

/// Kernel regression on a Gram matrix that stands on disk: α = (Θ + λI)⁻¹ Y for fully trained nets, and the flow to it.
package struct TiledRegression: Sendable {
    /// What a solve tells, and asks, while it goes on.
    package struct Control: Sendable {
        /// Tiles of a factorisation that are done, of how many; for other solvers products, of at most how many.
        package var progress: @Sendable (_ done: Int, _ total: Int) -> Void = { _, _ in }
        package var isCancelled: @Sendable () -> Bool = { false }
        /// Told of damaged tiles.
        package var warn: @Sendable (String) -> Void = { _ in }

        package init() {}
    }

    package let matrix: any SymmetricTiles
    /// Y, [n, k].
    package let targets: Tensor<Double>
    package let options: KernelRegression.Options
    /// λ, the number that is added to the diagonal.
    package let ridge: Double
    private let backends: [any Backend]
    /// Bytes of tiles that may be kept.
    private let memory: Int
    private let control: Control

    /// - Throws: ``InferenceError`` where shapes do not fit, a number is not finite, or options are out of range.
    /// - Complexity: the tiles on the diagonal are read.
    package init(
        _ matrix: any SymmetricTiles, targets: Tensor<Double>, options: KernelRegression.Options,
        on backends: [any Backend], memory: Int, control: Control = Control()
    ) throws(InferenceError) {
        try options.validate(targets, points: matrix.n)
        self.matrix = matrix
        self.targets = targets
        self.options = options
        self.backends = backends
        self.memory = memory
        self.control = control
        var diagonal: [Double] = []
        if options.diagRegScale == .relative {
            for i in 0..<matrix.count { diagonal += try matrix.read(i, i).diagonal }
        }
        ridge = options.ridge(diagonal: diagonal)
    }

    /// α, with L on disk.
    /// - Parameter store: of L; what it holds is not computed again.
    /// - Complexity: n³/3 flops and what ``TiledCholesky`` says.
    package func cholesky(
        in store: ZarrMatrix
    ) throws(InferenceError) -> (weights: Tensor<Double>, solution: KernelRegression.Solution) {
        let start = ContinuousClock.now
        let factor = TiledCholesky(
            matrix, ridge: ridge, diagReg: options.diagReg, in: store, on: backends, memory: memory,
            warn: control.warn)
        try factor.factor(progress: control.progress, isCancelled: control.isCancelled)
        let weights = try factor.solve(targets)
        return (weights, solution(.cholesky, since: start, iterations: nil, try residual(of: weights)))
    }

    /// The largest ‖Y − (Θ + λI) α‖ / ‖Y‖ of a column.
    /// - Complexity: Θ is read once.
    package func residual(of weights: Tensor<Double>) throws(InferenceError) -> Double {
        try ConjugateGradients.residual(
            TiledOperator(matrix, memory: 0, isCancelled: control.isCancelled), ridge, weights.transposed(),
            targets.transposed(), targets.stride)
    }

    /// α by conjugate gradients with a Nyström preconditioner; nothing but Θ is on disk.
    /// - Complexity: each product reads Θ as far as it is not in memory.
    package func conjugateGradients() throws(InferenceError) -> (
        weights: Tensor<Double>, solution: KernelRegression.Solution
    ) {
        let start = ContinuousClock.now
        let rank = NystromPreconditioner.rank(matrix.n, memory: memory / 2)
        let kept = TiledOperator(matrix, memory: memory / 2, isCancelled: control.isCancelled)
        let limit = 10 * matrix.n
        var method = ConjugateGradients()
        method.iterationLimit = limit
        method.preconditioner = try NystromPreconditioner(kept, rank: rank)
        method.onIteration = { [control] count, _ in control.progress(count, limit) }
        let found = try method.solve(kept, ridge: ridge, diagReg: options.diagReg, targets: targets)
        return (found.weights, solution(.cg, since: start, iterations: found.iterations, found.residual))
    }

    /// α at finite times, by products with Θ; all times in one go.
    /// - Parameter times: t, any order.
    /// - Returns: for each time.
    /// - Complexity: see ``KrylovFlow``; each product reads Θ as far as it is not in memory.
    package func flow(
        to times: [Double]
    ) throws(InferenceError) -> [(weights: Tensor<Double>, solution: KernelRegression.Solution)] {
        guard options.solver == .auto || options.solver == .lanczos else { throw options.unfit(times[0]) }
        let start = ContinuousClock.now
        let kept = TiledOperator(matrix, memory: memory / 2, isCancelled: control.isCancelled)
        var method = KrylovFlow(points: matrix.n, outputs: targets.stride, memory: memory / 2)
        method.onProduct = { [control, limit = method.productLimit] in control.progress($0, limit) }
        let found = try method.solve(
            kept, ridge: ridge, targets: targets,
            times: times.map { options.flowScale($0, numbers: targets.elements.count) })
        return times.indices.map { index in
            (
                found.weights[index],
                solution(
                    .lanczos, at: times[index], since: start, iterations: found.products, found.residuals[index])
            )
        }
    }

    private func solution(
        _ solver: KernelRegression.Solver, at time: Double = .infinity, since start: ContinuousClock.Instant,
        iterations: Int?, _ residual: Double
    ) -> KernelRegression.Solution {
        .init(
            time: time, solver: solver, seconds: (ContinuousClock.now - start) / .seconds(1),
            iterations: iterations, residual: residual)
    }
}

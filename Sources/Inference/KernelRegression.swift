import Compute

/// Kernel regression on a Gram matrix: the mean prediction of infinitely wide nets that are trained by gradient
/// descent on the squared error for the time t.
///
/// `f_t(x) = Θ(x,X) α_t`, `α_t = T⁻¹ (I − exp(−lr T t / N)) Y`, `T = Θ + λI`, and `α_∞ = T⁻¹ Y`.
/// N is n · k with ``LossNormalization/size`` (neural_tangents), 1 with ``LossNormalization/none`` (the paper).
///
/// An eigendecomposition is computed once, when it is first needed, and serves all times. Not to be used from
/// several tasks at a time.
///
/// Source: Tsilivis & Kempe 2022, eq. 7; Lee et al. 2019, eq. 10.
public final class KernelRegression {
    /// Θ(X,X), [n, n]; entries i ≥ j count.
    public let gram: HostMatrix
    /// Y, [n, k].
    public let targets: Tensor<Double>
    public let options: Options
    /// λ, the number that is added to the diagonal.
    public let ridge: Double
    /// What each solution took, in order; for manifests.
    public private(set) var solutions: [Solution] = []

    private var knownSpectrum: Spectrum?

    /// - Parameters:
    ///   - gram: Θ(X,X), [n, n], either precision; only i ≥ j is read.
    ///   - targets: Y, [n, k].
    ///   - spectrum: of `gram`, complete, where it has been computed before.
    /// - Throws: ``InferenceError`` where shapes do not fit, a number is not finite, or options are out of range.
    public init(
        gram: HostMatrix, targets: Tensor<Double>, options: Options = Options(), spectrum: Spectrum? = nil
    ) throws(InferenceError) {
        guard gram.rows == gram.columns, gram.rows > 0 else {
            throw .usage("a Gram matrix of \(gram.rows) × \(gram.columns): a regression needs a square one")
        }
        precondition(spectrum.map { $0.n == gram.rows && $0.isComplete } ?? true, "a spectrum of another matrix")
        try options.validate(targets, points: gram.rows)
        self.gram = gram
        self.targets = targets
        self.options = options
        knownSpectrum = spectrum
        ridge = options.ridge(diagonal: gram.diagonal)
    }

    /// α_t with f_t(x) = Θ(x,X) α_t.
    /// - Parameter time: t ≥ 0; `.infinity` for the limit.
    /// - Returns: [n, k].
    /// - Throws: ``InferenceError``.
    /// - Complexity: t = ∞: n³/3 flops by Cholesky, n² doubles beside Θ. Finite t: about 9 n³ flops once and
    ///   4 n² k for each time, 3 n² doubles beside Θ (see ``Spectrum``).
    public func weights(at time: Double) throws(InferenceError) -> Tensor<Double> {
        guard time >= 0 else { throw .usage("training time \(time): inference.time is 0 or more, or inf") }
        let clock = ContinuousClock()
        let start = clock.now
        let solver = try solver(for: time)
        var iterations: Int?
        var residual: Double?
        let weights: Tensor<Double>
        switch solver {
        case .cholesky:
            weights = try CholeskyFactor(gram, ridge: ridge, diagReg: options.diagReg).solve(targets)
        case .cg:
            let solution = try ConjugateGradients().solve(
                SymmetricMatrix(copying: gram, ridge: 0), ridge: ridge, diagReg: options.diagReg, targets: targets)
            (weights, iterations, residual) = (solution.weights, solution.iterations, solution.residual)
        case .lanczos:
            let flow = KrylovFlow(points: gram.rows, outputs: targets.stride, memory: .max / 2)
            let solution = try flow.solve(
                SymmetricMatrix(copying: gram, ridge: 0), ridge: ridge, targets: targets,
                times: [options.flowScale(time, numbers: targets.elements.count)])
            (weights, iterations, residual) = (solution.weights[0], solution.products, solution.residuals[0])
        case .eigh, .auto: weights = try spectralWeights(at: time)
        }
        let elapsed = (clock.now - start).components
        solutions.append(
            Solution(
                time: time, solver: solver, seconds: Double(elapsed.seconds) + Double(elapsed.attoseconds) * 1e-18,
                iterations: iterations, residual: residual))
        return weights
    }

    /// The spectrum of Θ, without the ridge; computed at the first call.
    /// - Throws: ``InferenceError``.
    public func spectrum() throws(InferenceError) -> Spectrum {
        if let knownSpectrum { return knownSpectrum }
        let spectrum = try Spectrum(of: gram)
        knownSpectrum = spectrum
        return spectrum
    }

    private func solver(for time: Double) throws(InferenceError) -> Solver {
        switch (options.solver, time.isInfinite) {
        case (.auto, true), (.lanczos, true): return .cholesky
        case (.auto, false), (.eigh, _): return .eigh
        case (.cholesky, true), (.cg, true), (.lanczos, false): return options.solver
        case (.cholesky, false), (.cg, false):
            throw options.unfit(time)
        }
    }

    private func spectralWeights(at time: Double) throws(InferenceError) -> Tensor<Double> {
        let spectrum = try spectrum()
        let eigenvalues = spectrum.eigenvalues.map { $0 + ridge }
        let smallest = eigenvalues[spectrum.n - 1]
        // Below n · ε · λ_max an eigenvalue is rounding error: the usual bound of a numerical rank.
        if time.isInfinite && !(smallest > Double(spectrum.n) * Double.ulpOfOne * abs(eigenvalues[0])) {
            throw .singular(eigenvalue: smallest, largest: eigenvalues[0], diagReg: options.diagReg)
        }
        let scale = options.flowScale(time, numbers: targets.elements.count)
        let k = targets.stride
        var coefficients = spectrum.project(targets)
        for (i, eigenvalue) in eigenvalues.enumerated() {
            let factor = Self.flow(eigenvalue, scale)
            for c in 0..<k { coefficients.elements[i * k + c] *= factor }
        }
        return spectrum.combine(coefficients)
    }

    /// (1 − exp(−max(λ, 0) s)) / |λ| without cancellation; its limit s at λ = 0.
    /// A negative eigenvalue is rounding error of a positive semi-definite matrix and contributes nothing.
    static func flow(_ eigenvalue: Double, _ scale: Double) -> Double {
        if eigenvalue == 0 { return scale }
        if eigenvalue < 0 { return 0 }
        let exponent = eigenvalue * scale
        // For small λ s the quotient of two small numbers may underflow before it is formed.
        return exponent < 1e-16 ? scale : -expm1(-exponent) / eigenvalue
    }
}

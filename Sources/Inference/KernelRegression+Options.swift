import Compute

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

extension KernelRegression {
    public struct Options: Sendable, Equatable {
        /// Ridge, ≥ 0; `inference.diag_reg`.
        public var diagReg: Double
        public var diagRegScale: DiagRegScale
        /// lr in exp(−lr T t / N), > 0.
        public var learningRate: Double
        public var lossNormalization: LossNormalization
        public var solver: Solver

        public init(
            diagReg: Double = 0, diagRegScale: DiagRegScale = .relative, learningRate: Double = 1,
            lossNormalization: LossNormalization = .size, solver: Solver = .auto
        ) {
            self.diagReg = diagReg
            self.diagRegScale = diagRegScale
            self.learningRate = learningRate
            self.lossNormalization = lossNormalization
            self.solver = solver
        }

        /// - Throws: `InferenceError.usage`, `.notFinite` where these options or targets cannot be used.
        func validate(_ targets: Tensor<Double>, points: Int) throws(InferenceError) {
            guard targets.shape.count == 2, targets.count == points, targets.stride > 0 else {
                throw .usage("targets of shape \(targets.shape) do not fit \(points) training points: [n, k] is needed")
            }
            guard diagReg >= 0, diagReg.isFinite else {
                throw .usage("inference.diag_reg is \(InferenceError.plain(diagReg)): it is 0 or more")
            }
            guard learningRate > 0, learningRate.isFinite else {
                throw .usage("inference.learning_rate is \(InferenceError.plain(learningRate)): it is more than 0")
            }
            if let bad = targets.elements.firstIndex(where: { !$0.isFinite }) {
                throw .notFinite(
                    "Y", row: bad / targets.stride, column: bad % targets.stride, value: targets.elements[bad])
            }
        }

        /// s = lr t / N, for N of `numbers` targets.
        func flowScale(_ time: Double, numbers: Int) -> Double {
            time.isInfinite ? .infinity : learningRate * time / (lossNormalization == .size ? Double(numbers) : 1)
        }

        /// That the solver does not give a finite time.
        func unfit(_ time: Double) -> InferenceError {
            .usage(
                "inference.solver \(solver.rawValue) cannot give time \(InferenceError.plain(time)): it solves "
                    + "for time inf only; set inference.solver: auto")
        }

        /// λ, the number that is added to the diagonal.
        package func ridge(diagonal: [Double]) -> Double {
            switch diagRegScale {
            case .relative: diagReg * diagonal.reduce(0, +) / Double(diagonal.count)
            case .absolute: diagReg
            }
        }
    }

    /// What ``Options/diagReg`` is a multiple of.
    public enum DiagRegScale: String, Sendable, CaseIterable, Codable {
        /// The mean of the diagonal of Θ.
        case relative
        /// 1.
        case absolute
    }

    /// What the training time is divided by.
    public enum LossNormalization: String, Sendable, CaseIterable, Codable {
        /// N = n · k, as in neural_tangents.
        case size
        /// N = 1, as in the paper's eq. 7.
        case none
    }

    public enum Solver: String, Sendable, CaseIterable, Codable {
        /// Cholesky for t = ∞, an eigendecomposition for finite t.
        case auto
        /// t = ∞ only.
        case cholesky
        /// Any t.
        case eigh
        /// Conjugate gradients; t = ∞ only.
        case cg
        /// Products with Θ for finite t, Cholesky for t = ∞.
        case lanczos
    }

    /// How one α_t was found.
    public struct Solution: Sendable, Equatable {
        public let time: Double
        /// Never `auto`.
        public let solver: Solver
        public let seconds: Double
        /// Products with Θ, for conjugate gradients and Lanczos.
        public let iterations: Int?
        /// The largest ‖Y − T α‖ / ‖Y‖ of a column, for conjugate gradients and for matrices on disk; at finite times
        /// ‖Y − exp(−sT) Y − T α‖ / ‖Y‖, for Lanczos.
        public let residual: Double?

        package init(time: Double, solver: Solver, seconds: Double, iterations: Int?, residual: Double?) {
            self.time = time
            self.solver = solver
            self.seconds = seconds
            self.iterations = iterations
            self.residual = residual
        }
    }
}

/// exp(x) − 1 without cancellation.
func expm1(_ x: Double) -> Double {
    #if canImport(Glibc)
        Glibc.expm1(x)
    #else
        Darwin.expm1(x)
    #endif
}

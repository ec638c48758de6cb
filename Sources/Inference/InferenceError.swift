import Compute
import Storage

/// Why a regression could not be solved. One sentence: what failed, on what, why, what to do.
public enum InferenceError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The factorisation met a pivot that is not positive, or is rounding error.
    /// - Parameters:
    ///   - row: counted from 1.
    ///   - pivot: what is left of the diagonal entry: the Schur complement of the rows above it.
    case notPositiveDefinite(row: Int, of: Int, pivot: Double, diagReg: Double)
    /// The smallest eigenvalue is not positive, or is rounding error.
    case singular(eigenvalue: Double, largest: Double, diagReg: Double)
    /// A feature's eigenvalue is not positive, or is rounding error.
    case singularFeature(index: Int, eigenvalue: Double, largest: Double)
    /// The search direction of conjugate gradients has no positive curvature.
    case negativeCurvature(iteration: Int, curvature: Double, diagReg: Double)
    /// Conjugate gradients ended above the wanted relative residual.
    case notConverged(iterations: Int, residual: Double, tolerance: Double)
    /// The flow at finite times ended before the time.
    /// - Parameter share: of the time that it reached.
    case flowNotReached(share: Double, products: Int)
    /// The search for the largest eigenvalues ended above the wanted residual.
    case spectrumNotConverged(converged: Int, count: Int, residual: Double, tolerance: Double)
    /// An entry is infinite or not a number; `column` counts from 0, like `row`.
    case notFinite(String, row: Int, column: Int, value: Double)
    /// Shapes or options that do not fit together.
    case usage(String)
    /// LAPACK refused, or did not converge.
    case lapack(routine: String, info: Int, n: Int)
    /// A device failed at a product.
    case device(ComputeError)
    /// The host has no memory for a work matrix.
    case outOfMemory(ComputeError)
    /// A tile of a matrix on disk could not be read or written.
    case storage(StorageError)
    /// Stopped from outside between two tiles or products.
    case cancelled

    public var description: String {
        switch self {
        case .notPositiveDefinite(let row, let n, let pivot, let diagReg):
            "Cholesky stopped at row \(row) of \(n) (pivot \(Self.short(pivot))): Θ + λI is not positive definite; "
                + Self.advice(diagReg)
        case .singular(let eigenvalue, let largest, let diagReg):
            "the smallest eigenvalue of Θ + λI is \(Self.short(eigenvalue)) (the largest \(Self.short(largest))): "
                + "Θ + λI is not positive definite; " + Self.advice(diagReg)
        case .singularFeature(let index, let eigenvalue, let largest):
            "eigenvalue \(index) of Θ + λI is \(Self.short(eigenvalue)) (the largest \(Self.short(largest))), which is "
                + "rounding error: there is no such feature; lower features.count or raise inference.diag_reg"
        case .negativeCurvature(let iteration, let curvature, let diagReg):
            "conjugate gradients stopped at iteration \(iteration) (curvature \(Self.short(curvature))): "
                + "Θ + λI is not positive definite; " + Self.advice(diagReg)
        case .notConverged(let iterations, let residual, let tolerance):
            "conjugate gradients reached the relative residual \(Self.short(residual)) in \(iterations) iterations, "
                + "not \(Self.short(tolerance)): Θ + λI is ill-conditioned; raise inference.diag_reg or set "
                + "inference.solver: cholesky"
        case .flowNotReached(let share, let products):
            "the gradient flow reached \(Self.short(share)) of its time in \(products) products: the time is too long to be "
                + "followed by products; shorten inference.time, set it to inf, or set inference.solver: eigh"
        case .spectrumNotConverged(let converged, let count, let residual, let tolerance):
            "\(converged) of the \(count) largest eigenvalues reached the residual \(Self.short(tolerance)), the worst "
                + "\(Self.short(residual)): they lie too close together; lower features.count or set "
                + "inference.solver: eigh to compute all"
        case .notFinite(let name, let row, let column, let value):
            "\(name)[\(row), \(column)] is \(value): a regression needs finite numbers; check the data and, for "
                + "float32 kernels of large inputs, set compute.precision: float64"
        case .usage(let sentence): sentence
        case .lapack(let routine, let info, let n):
            "\(routine) of a \(n) × \(n) matrix returned \(info): the eigenvalues did not converge; "
                + "raise inference.diag_reg or set inference.solver: cholesky"
        case .device(let error), .outOfMemory(let error): error.description
        case .storage(let error): error.description
        case .cancelled: "cancelled between two tiles"
        }
    }

    private static func advice(_ diagReg: Double) -> String {
        "raise inference.diag_reg (now \(plain(diagReg)))"
    }

    /// `−3.1e−7`, `0`: two significant digits, for reading.
    static func short(_ value: Double) -> String {
        guard value.isFinite, value != 0 else { return value == 0 ? "0" : "\(value)" }
        var exponent = Int(floorLog10(abs(value)))
        // By division for large and small numbers alike, so that the power itself neither overflows nor vanishes.
        var mantissa = (abs(value) / power(exponent / 2) / power(exponent - exponent / 2) * 10).rounded()
        if mantissa >= 100 {
            mantissa /= 10
            exponent += 1
        }
        let digits = Int(mantissa)
        let sign = value < 0 ? "−" : ""
        return "\(sign)\(digits / 10).\(digits % 10)e\(exponent < 0 ? "−" : "")\(abs(exponent))"
    }

    /// As one would type it into a configuration: `0`, `0.01`, `1e-6`.
    static func plain(_ value: Double) -> String {
        let text = "\(value)".replacing("e-0", with: "e-")
        return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
    }

    private static func floorLog10(_ value: Double) -> Double {
        // The shortest description has the exact decimal exponent; a logarithm can be off by one at powers of ten.
        let text = "\(value)"
        if let e = text.firstIndex(of: "e") { return Double(text[text.index(after: e)...]) ?? 0 }
        let whole = text.prefix { $0 != "." }
        if whole != "0" { return Double(whole.count - 1) }
        return -Double(text.dropFirst(2).prefix { $0 == "0" }.count + 1)
    }

    private static func power(_ exponent: Int) -> Double {
        var result = 1.0
        for _ in 0..<abs(exponent) { result *= 10 }
        return exponent < 0 ? 1 / result : result
    }
}

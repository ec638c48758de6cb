import Compute

/// Covariances of rows × columns, and in the scalar geometry the factors of their gradient:
/// ∇K = tangential u' + radial u. On planes the gradient is computed when it is asked for.
final class OpenCLLinearization: Sendable {
    let kind: CovarianceKind
    /// Each [rows, width].
    let value: Memory
    let tangential: Memory
    let radial: Memory
    /// Columns, rounded up to whole panels.
    let width: Int

    init(
        _ kind: CovarianceKind, rows: Int, width: Int, precision: Precision, hasFactors: Bool, in context: Context
    ) throws(ComputeError) {
        self.kind = kind
        self.width = width
        let bytes = rows * width * precision.byteCount
        let advice = "handle fewer points at a time"
        value = try Memory(bytes, in: context, advice: advice)
        tangential = try Memory(hasFactors ? bytes : 0, in: context, advice: advice)
        radial = try Memory(hasFactors ? bytes : 0, in: context, advice: advice)
    }
}

extension Context {
    /// - Precondition: the linearization was made in this context.
    func factors(of linearization: Linearization) -> OpenCLLinearization {
        guard let factors = linearization.storage as? OpenCLLinearization, factors.value.context === self else {
            preconditionFailure("a linearization of another device was given to '\(device.device.name)'")
        }
        return factors
    }
}

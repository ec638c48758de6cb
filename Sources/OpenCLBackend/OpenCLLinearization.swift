import Compute

/// Covariances of rows × columns with the factors of their gradient: ∇K = tangential u' + radial u.
final class OpenCLLinearization: Sendable {
    /// Each [rows, width].
    let value: Memory
    let tangential: Memory
    let radial: Memory
    /// Columns, rounded up to whole panels.
    let width: Int

    init(rows: Int, width: Int, precision: Precision, in context: Context) throws(ComputeError) {
        self.width = width
        let bytes = rows * width * precision.byteCount
        let advice = "handle fewer points at a time"
        value = try Memory(bytes, in: context, advice: advice)
        tangential = try Memory(bytes, in: context, advice: advice)
        radial = try Memory(bytes, in: context, advice: advice)
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

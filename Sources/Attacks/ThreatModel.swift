import Compute

/// What an adversary may do to a point: move it inside a ball around it and, where there is one, inside a box.
public struct ThreatModel: Sendable, Equatable {
    public enum Norm: String, Sendable, CaseIterable, Codable {
        case linf, l2, l1
    }

    public let norm: Norm
    /// Radius of the ball, ≥ 0, in the unit of the inputs.
    public let eps: Double
    /// Allowed values of every input number, e.g. 0...1 for pixels; nil for no bounds.
    public let box: ClosedRange<Double>?

    public init(norm: Norm = .linf, eps: Double, box: ClosedRange<Double>? = 0...1) {
        precondition(eps >= 0 && eps.isFinite, "eps is \(eps)")
        self.norm = norm
        self.eps = eps
        self.box = box
    }
}

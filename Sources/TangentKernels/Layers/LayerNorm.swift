/// Layer normalisation over channels, without affine parameters: `k ← k / √((q₁ + ε)(q₂ + ε))`, t alike.
public struct LayerNorm: Layer {
    public static let form = LayerForm(
        "layer_norm", "normalisation over channels",
        keys: [.init("eps", .number(minimum: 0, exclusive: false), "added to the variance; default 1e-12")])

    public let eps: Double

    public init(eps: Double = 1e-12) { self.eps = eps }

    public init(_ description: LayerDescription, defaults: LayerDefaults) throws(ArchitectureError) {
        eps = description.number("eps") ?? 1e-12
    }

    public func plan(_ planner: inout Planner) throws(ArchitectureError) {
        planner.append(.layerNorm(eps: eps))
    }
}

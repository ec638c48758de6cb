/// Dense layer, NTK parameterization: `z = σ_w/√fan_in · W x + σ_b b`.
///
/// `k ← σ_w² k + σ_b²`, `t ← k + σ_w² t`. Source: Jacot et al. 2018, eq. for Θ^(L+1).
public struct Dense: Layer {
    public static let form = LayerForm(
        "dense", "fully connected layer",
        keys: [
            .init("W_std", .number(minimum: 0, exclusive: true), "σ_w; default: the model's"),
            .init("b_std", .number(minimum: 0, exclusive: false), "σ_b; default: the model's"),
            .init("width", .count, "outputs of a finite layer; an infinite net has none"),
        ])

    public let weightStd: Double
    public let biasStd: Double
    /// Outputs of a finite layer; nil for what the finite net says. An infinite net ignores it.
    public let width: Int?

    public init(weightStd: Double, biasStd: Double, width: Int? = nil) {
        self.weightStd = weightStd
        self.biasStd = biasStd
        self.width = width
    }

    public init(_ description: LayerDescription, defaults: LayerDefaults) throws(ArchitectureError) {
        weightStd = description.number("W_std") ?? defaults.weightStd
        biasStd = description.number("b_std") ?? defaults.biasStd
        width = description.count("width")
    }

    public func plan(_ planner: inout Planner) throws(ArchitectureError) {
        try planner.requireFlat("dense")
        planner.append(
            .dense(weightVariance: weightStd * weightStd, biasVariance: biasStd * biasStd))
    }
}

/// Dense layer, NTK parameterization: `z = σ_w/√fan_in · W x + σ_b b`.
///
/// `k ← σ_w² k + σ_b²`, `t ← k + σ_w² t`. Source: Jacot et al. 2018, eq. for Θ^(L+1).
public struct Dense: Layer {
    public static let form = LayerForm(
        "dense", "fully connected layer",
        keys: [
            .init("W_std", .number(minimum: 0, exclusive: true), "σ_w; default: the model's"),
            .init("b_std", .number(minimum: 0, exclusive: false), "σ_b; default: the model's"),
        ])

    public let weightStd: Double
    public let biasStd: Double

    public init(weightStd: Double, biasStd: Double) {
        self.weightStd = weightStd
        self.biasStd = biasStd
    }

    public init(_ description: LayerDescription, defaults: LayerDefaults) throws(ArchitectureError) {
        weightStd = description.number("W_std") ?? defaults.weightStd
        biasStd = description.number("b_std") ?? defaults.biasStd
    }

    public func plan(_ planner: inout Planner) throws(ArchitectureError) {
        try planner.requireFlat("dense")
        planner.append(
            .dense(weightVariance: weightStd * weightStd, biasVariance: biasStd * biasStd))
    }
}

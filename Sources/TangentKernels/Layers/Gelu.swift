/// x Φ(x) in the exact form with erf. Source: Tsuchida et al. 2021.
public struct Gelu: Layer {
    public static let form = LayerForm("gelu", "x Φ(x)", isActivation: true)

    public init() {}

    public init(_ description: LayerDescription, defaults: LayerDefaults) throws(ArchitectureError) {}

    public func plan(_ planner: inout Planner) throws(ArchitectureError) { planner.append(.gelu) }
}

/// erf(x): the arcsine kernel. Source: Williams 1997.
public struct Erf: Layer {
    public static let form = LayerForm("erf", "Gauss error function", isActivation: true)

    public init() {}

    public init(_ description: LayerDescription, defaults: LayerDefaults) throws(ArchitectureError) {}

    public func plan(_ planner: inout Planner) throws(ArchitectureError) { planner.append(.erf) }
}

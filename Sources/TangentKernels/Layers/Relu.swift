/// max(x, 0): the arc-cosine kernel of order 1. Source: Cho & Saul 2009.
public struct Relu: Layer {
    public static let form = LayerForm("relu", "max(x, 0)", isActivation: true)

    public init() {}

    public init(_ description: LayerDescription, defaults: LayerDefaults) throws(ArchitectureError) {}

    public func plan(_ planner: inout Planner) throws(ArchitectureError) {
        planner.append(.abrelu(a: 0, b: 1))
    }
}

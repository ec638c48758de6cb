/// |x|: ABRelu with a = −1, b = 1.
public struct Abs: Layer {
    public static let form = LayerForm("abs", "|x|", isActivation: true)

    public init() {}

    public init(_ description: LayerDescription, defaults: LayerDefaults) throws(ArchitectureError) {}

    public func plan(_ planner: inout Planner) throws(ArchitectureError) {
        planner.append(.abrelu(a: -1, b: 1))
    }
}

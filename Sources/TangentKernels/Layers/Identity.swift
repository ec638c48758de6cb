/// Leaves everything as it is.
public struct Identity: Layer {
    public static let form = LayerForm("identity", "changes nothing", isActivation: true)

    public init() {}

    public init(_ description: LayerDescription, defaults: LayerDefaults) throws(ArchitectureError) {}

    public func plan(_ planner: inout Planner) throws(ArchitectureError) {}
}

/// Read-out by the mean over all pixels: the mean over all entries (p, p').
public struct GlobalAvgPool: Layer {
    public static let form = LayerForm("global_avg_pool", "mean over all pixels")

    public init() {}

    public init(_ description: LayerDescription, defaults: LayerDefaults) throws(ArchitectureError) {}

    public func plan(_ planner: inout Planner) throws(ArchitectureError) { try planner.readOut(.globalPool) }
}

/// Makes one vector of an image: first in a dense net, read-out of a convolutional one.
public struct Flatten: Layer {
    public static let form = LayerForm("flatten", "makes one vector of an image")

    public init() {}

    public init(_ description: LayerDescription, defaults: LayerDefaults) throws(ArchitectureError) {}

    public func plan(_ planner: inout Planner) throws(ArchitectureError) { try planner.readOut(.flatten) }
}

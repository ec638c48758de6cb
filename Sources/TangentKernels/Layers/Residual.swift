/// Sum of two branches with independent weights; an empty branch is the identity.
public struct Residual: Layer {
    public static let form = LayerForm(
        "residual", "sum of two branches; [] is the identity",
        keys: [
            .init("main", .layers, required: true, "layers of the main branch"),
            .init("shortcut", .layers, "layers of the shortcut; default [], the identity"),
        ])

    public let main: [any Layer]
    public let shortcut: [any Layer]

    public init(main: [any Layer], shortcut: [any Layer] = []) {
        self.main = main
        self.shortcut = shortcut
    }

    public init(_ description: LayerDescription, defaults: LayerDefaults) throws(ArchitectureError) {
        main = try Self.branch(description.layers("main"), defaults)
        shortcut = try Self.branch(description.layers("shortcut"), defaults)
    }

    private static func branch(
        _ descriptions: [LayerDescription], _ defaults: LayerDefaults
    ) throws(ArchitectureError) -> [any Layer] {
        var layers: [any Layer] = []
        for description in descriptions { layers.append(try Layers.make(description, defaults: defaults)) }
        return layers
    }

    public func plan(_ planner: inout Planner) throws(ArchitectureError) {
        try planner.fork()
        for layer in main { try layer.plan(&planner) }
        planner.exchange()
        for layer in shortcut { try layer.plan(&planner) }
        try planner.join()
    }
}

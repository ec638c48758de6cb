import Compute

/// Mean over windows of pixels: every entry becomes the mean over all pairs of pixels of two windows.
public struct AvgPool: Layer {
    public static let form = LayerForm("avg_pool", "mean over windows", keys: poolKeys)

    package let window: Window

    /// - Parameters:
    ///   - window: height and width.
    ///   - stride: height and width.
    public init(window: (Int, Int), stride: (Int, Int), padding: Padding = .valid) {
        self.window = Window(window, stride: stride, padding: padding)
    }

    public init(_ description: LayerDescription, defaults: LayerDefaults) throws(ArchitectureError) {
        window = try description.poolWindow()
    }

    public func plan(_ planner: inout Planner) throws(ArchitectureError) {
        try planner.pool(window, isMean: true, layer: "avg_pool")
    }
}

/// Keys of all poolings over windows.
let poolKeys: [LayerForm.Key] = [
    .init("window", .size, required: true, "size of the window, one number or [height, width]"),
    .init("stride", .size, "one number or [height, width]; default 1"),
    .init("padding", .choice(["same", "valid", "circular"]), "default valid"),
]

extension LayerDescription {
    /// What poolings over windows read of their keys.
    func poolWindow() throws(ArchitectureError) -> Window {
        guard let window = size("window") else {
            throw ArchitectureError("layer '\(name)' needs window, its size", line: line)
        }
        return Window(window, stride: size("stride") ?? (1, 1), padding: padding ?? .valid)
    }
}

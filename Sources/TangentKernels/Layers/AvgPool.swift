import Compute

/// Mean over windows of pixels: every entry becomes the mean over all pairs of pixels of two windows.
public struct AvgPool: Layer {
    public static let form = LayerForm("avg_pool", "mean over windows", keys: poolKeys)

    let window: Window

    /// - Parameters:
    ///   - window: height and width.
    ///   - stride: height and width.
    public init(window: (Int, Int), stride: (Int, Int), padding: Padding = .valid) {
        self.window = Window(
            height: window.0, width: window.1, strideY: stride.0, strideX: stride.1, padding: padding.window)
    }

    public init(_ description: LayerDescription, defaults: LayerDefaults) throws(ArchitectureError) {
        guard let window = description.size("window") else {
            throw ArchitectureError("layer 'avg_pool' needs window, its size", line: description.line)
        }
        self.init(
            window: window, stride: description.size("stride") ?? (1, 1), padding: description.padding ?? .valid)
    }

    public func plan(_ planner: inout Planner) throws(ArchitectureError) {
        try planner.pool(window, isMean: true, layer: "avg_pool")
    }
}

/// Keys of both poolings.
let poolKeys: [LayerForm.Key] = [
    .init("window", .size, required: true, "size of the window, one number or [height, width]"),
    .init("stride", .size, "one number or [height, width]; default 1"),
    .init("padding", .choice(["same", "valid", "circular"]), "default valid"),
]

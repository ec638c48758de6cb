import Compute

/// Sum over windows of pixels: every entry becomes the sum over all pairs of pixels of two windows.
public struct SumPool: Layer {
    public static let form = LayerForm("sum_pool", "sum over windows", keys: poolKeys)

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
        try planner.pool(window, isMean: false, layer: "sum_pool")
    }
}

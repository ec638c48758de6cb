import Compute

/// Maximum over windows of pixels: in finite nets only, since the covariance of a maximum has no closed form.
public struct MaxPool: Layer {
    public static let form = LayerForm("max_pool", "maximum over windows; finite nets only", keys: poolKeys)

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
        throw ArchitectureError(
            "layer 'max_pool' has no closed-form kernel, so it stands in finite nets only; use avg_pool")
    }
}

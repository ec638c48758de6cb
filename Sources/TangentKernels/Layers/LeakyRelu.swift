/// α min(x, 0) + max(x, 0).
public struct LeakyRelu: Layer {
    public static let form = LayerForm(
        "leaky_relu", "alpha min(x, 0) + max(x, 0)", isActivation: true,
        keys: [.init("alpha", .number(minimum: nil, exclusive: false), required: true, "slope for negative x")])

    public let alpha: Double

    public init(alpha: Double) { self.alpha = alpha }

    public init(_ description: LayerDescription, defaults: LayerDefaults) throws(ArchitectureError) {
        guard let alpha = description.number("alpha") else {
            throw ArchitectureError("layer 'leaky_relu' needs alpha, the slope for negative x", line: description.line)
        }
        self.alpha = alpha
    }

    public func plan(_ planner: inout Planner) throws(ArchitectureError) {
        planner.append(.abrelu(a: alpha, b: 1))
    }
}

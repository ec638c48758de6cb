/// a min(x, 0) + b max(x, 0).
public struct ABRelu: Layer {
    public static let form = LayerForm(
        "abrelu", "a min(x, 0) + b max(x, 0)", isActivation: true,
        keys: [
            .init("a", .number(minimum: nil, exclusive: false), required: true, "slope for negative x"),
            .init("b", .number(minimum: nil, exclusive: false), required: true, "slope for positive x"),
        ])

    public let a: Double
    public let b: Double

    public init(a: Double, b: Double) {
        self.a = a
        self.b = b
    }

    public init(_ description: LayerDescription, defaults: LayerDefaults) throws(ArchitectureError) {
        guard let a = description.number("a"), let b = description.number("b") else {
            throw ArchitectureError("layer 'abrelu' needs both slopes, a and b", line: description.line)
        }
        guard a != 0 || b != 0 else {
            throw ArchitectureError("layer 'abrelu' with a = b = 0 is zero everywhere", line: description.line)
        }
        self.init(a: a, b: b)
    }

    public func plan(_ planner: inout Planner) throws(ArchitectureError) {
        planner.append(.abrelu(a: a, b: b))
    }
}

/// The layers there are.
public enum Layers {
    public static let all: [any Layer.Type] = [
        Dense.self, Relu.self, LeakyRelu.self, ABRelu.self, Abs.self, Identity.self, Erf.self, Gelu.self,
        LayerNorm.self, Residual.self, Conv.self, AvgPool.self, SumPool.self, MaxPool.self, Flatten.self,
        GlobalAvgPool.self,
    ]

    /// The layer that a description means.
    /// - Throws: ``ArchitectureError`` for an unknown name or senseless values.
    public static func make(
        _ description: LayerDescription, defaults: LayerDefaults
    ) throws(ArchitectureError) -> any Layer {
        guard let type = all.first(where: { $0.form.name == description.name }) else {
            let names = all.map { $0.form.name }.joined(separator: ", ")
            throw ArchitectureError(
                "there is no layer '\(description.name)'; there are \(names)", line: description.line)
        }
        return try type.init(description, defaults: defaults)
    }
}

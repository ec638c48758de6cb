import TangentKernels

/// The `$defs` of layers, from the list of layers.
enum LayerSchema {
    static var definitions: PlainValue {
        .object([
            "layer": one(of: Layers.forms),
            "activation": one(of: Layers.forms.filter { $0.isActivation }),
        ])
    }

    /// A word for those that need no keys, or a map of one name.
    private static func one(of forms: [LayerForm]) -> PlainValue {
        let words = forms.filter { form in !form.keys.contains { $0.isRequired } }.map { $0.name }
        let map: PlainValue = .object([
            "type": .text("object"), "minProperties": .integer(1), "maxProperties": .integer(1),
            "additionalProperties": .boolean(false),
            "properties": .map(forms.map { .init($0.name, keys(of: $0)) }),
        ])
        return .object(["anyOf": .list([.object(["enum": .texts(words)]), map])])
    }

    private static func keys(of form: LayerForm) -> PlainValue {
        .object([
            "type": .text("object"), "description": .text(form.summary), "additionalProperties": .boolean(false),
            "properties": .map(
                form.keys.map { .init($0.name, $0.kind.schema.appending(["description": .text($0.summary)])) }),
            "required": .texts(form.keys.filter { $0.isRequired }.map { $0.name }),
        ])
    }
}

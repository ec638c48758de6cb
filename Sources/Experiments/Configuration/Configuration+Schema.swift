extension Configuration {
    /// The JSON Schema (draft 2020-12) of configuration files.
    package static func schema() -> String {
        let includes: PlainValue = .object([
            "anyOf": .list([
                .object(["type": .text("string")]),
                .object(["type": .text("array"), "items": .object(["type": .text("string")]), "minItems": .integer(1)]),
            ]),
            "description": .text("files to include; later ones win, the including file wins over all"),
        ])
        guard case .map(let members) = schema as PlainValue else { return "" }
        let own: [PlainValue.Member] = members.map { member in
            guard member.key == "properties", case .map(let keys) = member.value else { return member }
            return .init("properties", .map([.init("defaults", includes)] + keys))
        }
        let head: [PlainValue.Member] = [
            .init("$schema", .text("https://json-schema.org/draft/2020-12/schema")),
            .init("title", .text("Configuration of ntk")),
        ]
        return PlainValue.map(head + own + [.init("$defs", LayerSchema.definitions)]).prettyJSON() + "\n"
    }
}

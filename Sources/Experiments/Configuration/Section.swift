/// A map of the configuration with fixed keys. The initial values of its properties are the defaults.
protocol Section: Sendable, Hashable {
    init()

    /// The keys, in the order in which they are written.
    static var keys: [Key<Self>] { get }

    /// Fills in defaults that depend on other keys, and checks what concerns several keys.
    mutating func complete(at path: String, _ reading: inout Reading)
}

extension Section {
    mutating func complete(at path: String, _ reading: inout Reading) {}
}

/// One key of a section: everything that reading, writing, `config show` and the JSON Schema need to know of it.
struct Key<Owner: Section>: Sendable {
    let name: String
    let summary: String
    let schema: PlainValue
    let acceptsNull: Bool
    let isSection: Bool
    let subkeys: [String]
    /// Whether a run with another value is another run.
    let identifies: Bool
    let read: @Sendable (SourceNode, inout Owner, inout Reading) -> Void
    /// The value, or nil where the key has no meaning beside the others.
    let write: @Sendable (Owner) -> PlainValue?

    /// - Parameters:
    ///   - isWritten: whether the key has a meaning beside the others.
    init<Value>(
        _ name: String, _ property: WritableKeyPath<Owner, Value> & Sendable, _ kind: Kind<Value>, _ summary: String,
        identifies: Bool = true, isWritten: @escaping @Sendable (Owner) -> Bool = { _ in true }
    ) {
        self.name = name
        self.summary = summary
        self.identifies = identifies
        schema = kind.schema
        acceptsNull = kind.acceptsNull
        isSection = kind.isSection
        subkeys = kind.subkeys
        read = { node, owner, reading in
            if let value = kind.read(node, &reading) { owner[keyPath: property] = value }
        }
        write = { owner in isWritten(owner) ? kind.write(owner[keyPath: property]) : nil }
    }
}

extension Section {
    /// - Parameter extra: further keys that are known at this place and read elsewhere.
    static func read(_ node: SourceNode, _ reading: inout Reading, extra: [String] = []) -> Self? {
        guard case .mapping(let entries) = node.value else {
            reading.mismatch(node, "a map of keys")
            return nil
        }
        var section = Self()
        for entry in entries {
            guard let key = keys.first(where: { $0.name == entry.key }) else {
                reading.unknown(entry, in: node.path, known: keys.map { $0.name } + extra)
                continue
            }
            if entry.value.isNull && !key.acceptsNull { continue }
            key.read(entry.value, &section, &reading)
        }
        for key in keys where key.isSection && !reading.isGiven(SourceNode.join(node.path, key.name)) {
            let empty = SourceNode(.mapping([]), node.origin).located(at: SourceNode.join(node.path, key.name))
            key.read(empty, &section, &reading)
        }
        section.complete(at: node.path, &reading)
        return section
    }

    /// All keys with their values.
    var written: PlainValue {
        .map(
            Self.keys.compactMap { key in
                key.write(self).map {
                    .init(key.name, $0, comment: key.summary, identifies: key.identifies)
                }
            })
    }

    static var schema: PlainValue {
        let defaults = Self()
        let properties = keys.map { key in
            var schema = key.schema.appending(["description": .text(key.summary)])
            if let value = key.write(defaults), value != .null, !(value.isContainer && value.isSection) {
                schema = schema.appending(["default": value])
            }
            return PlainValue.Member(key.name, schema)
        }
        return .object([
            "type": .text("object"), "additionalProperties": .boolean(false), "properties": .map(properties),
        ])
    }
}

extension PlainValue {
    /// A map with explained keys.
    fileprivate var isSection: Bool {
        if case .map(let members) = self { members.contains { $0.comment != nil } } else { false }
    }
}

extension Kind where Value: Section {
    static var section: Kind {
        Kind(
            expectation: "a map of keys", schema: Value.schema, isSection: true,
            subkeys: Value.keys.map { $0.name }, read: { Value.read($0, &$1) },
            write: { $0.written })
    }
}

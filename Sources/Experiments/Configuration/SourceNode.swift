/// A configuration as it was written: text and lines, before anything is known of keys and kinds.
struct SourceNode: Sendable {
    indirect enum Value: Sendable {
        /// `isPlain`: written without quotes.
        case scalar(String, isPlain: Bool)
        case sequence([SourceNode])
        case mapping([Entry])
    }

    struct Entry: Sendable {
        let key: String
        /// Where the key stands.
        let origin: Origin
        var value: SourceNode
    }

    var value: Value
    let origin: Origin
    /// Keys and indices from the top level to here, `attacks.0.eps`; set by `located`.
    private(set) var path = ""

    init(_ value: Value, _ origin: Origin) {
        self.value = value
        self.origin = origin
    }

    /// YAML's null: nothing, `~` or `null`.
    var isNull: Bool {
        if case .scalar(let text, true) = value { ["", "~", "null", "Null", "NULL"].contains(text) } else { false }
    }

    /// The text of a scalar that is not null.
    var text: String? {
        if case .scalar(let text, _) = value, !isNull { text } else { nil }
    }

    /// What was found, for messages about what was expected.
    var found: String {
        switch value {
        case .scalar(let text, _): isNull ? "nothing" : "'\(text)'"
        case .sequence: "a list"
        case .mapping: "a map"
        }
    }

    func located(at path: String = "") -> SourceNode {
        var node = self
        node.path = path
        switch value {
        case .scalar: break
        case .sequence(let items):
            node.value = .sequence(items.enumerated().map { $1.located(at: Self.join(path, String($0))) })
        case .mapping(let entries):
            node.value = .mapping(
                entries.map { entry in
                    let value = entry.value.located(at: Self.join(path, entry.key))
                    return .init(key: entry.key, origin: entry.origin, value: value)
                })
        }
        return node
    }

    static func join(_ path: String, _ key: String) -> String { path.isEmpty ? key : path + "." + key }

    /// Maps are merged key by key; anything else replaces what `base` says.
    func merged(over base: SourceNode) -> SourceNode {
        guard case .mapping(let own) = value, case .mapping(var entries) = base.value else { return self }
        for entry in own {
            if let index = entries.firstIndex(where: { $0.key == entry.key }) {
                let value = entry.value.merged(over: entries[index].value)
                entries[index] = .init(key: entry.key, origin: entry.origin, value: value)
            } else {
                entries.append(entry)
            }
        }
        return SourceNode(.mapping(entries), origin)
    }

    /// Takes a key out of a map.
    mutating func remove(_ key: String) -> Entry? {
        guard case .mapping(var entries) = value, let index = entries.firstIndex(where: { $0.key == key }) else {
            return nil
        }
        let entry = entries.remove(at: index)
        value = .mapping(entries)
        return entry
    }
}

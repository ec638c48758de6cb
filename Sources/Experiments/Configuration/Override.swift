/// `key.path=value` of the command line.
struct Override {
    private let text: String
    private let path: [String]
    private let value: SourceNode

    /// - Throws: where there is no `=`, no key, or no YAML behind it.
    init(_ text: String) throws(ConfigurationError) {
        let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        path = parts[0].split(separator: ".", omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 2, !path.contains("") else {
            throw ConfigurationError("must read key.path=value, for example data.train=1000", at: .override(text))
        }
        guard path[0] != "defaults" else {
            throw ConfigurationError("defaults can stand in a file only", at: .override(text))
        }
        self.text = text
        value = try SourceNode(yaml: parts[1], override: text)
    }

    /// Puts the value in its place; maps on the way are made where they are missing.
    func apply(to tree: inout SourceNode) throws(ConfigurationError) {
        tree = try replaced(tree, path[...], at: "")
    }

    private func replaced(
        _ node: SourceNode, _ rest: ArraySlice<String>, at place: String
    ) throws(ConfigurationError) -> SourceNode {
        guard let key = rest.first else { return value }
        let next = SourceNode.join(place, key)
        switch node.value {
        case .mapping(var entries):
            let index = entries.firstIndex { $0.key == key }
            let old = index.map { entries[$0].value } ?? SourceNode(.scalar("", isPlain: true), .override(text))
            let entry = SourceNode.Entry(
                key: key, origin: .override(text), value: try replaced(old, rest.dropFirst(), at: next))
            if let index { entries[index] = entry } else { entries.append(entry) }
            return SourceNode(.mapping(entries), node.origin)
        case .sequence(var items):
            guard let index = Int(key), items.indices.contains(index) else {
                let range = items.isEmpty ? "is empty" : "has the indices 0 to \(items.count - 1)"
                throw ConfigurationError("the list \(place) \(range), not '\(key)'", at: .override(text))
            }
            items[index] = try replaced(items[index], rest.dropFirst(), at: next)
            return SourceNode(.sequence(items), node.origin)
        case .scalar where node.isNull:
            return try replaced(SourceNode(.mapping([]), .override(text)), rest, at: place)
        case .scalar:
            throw ConfigurationError("\(place) is \(node.found) and has no key '\(key)'", at: .override(text))
        }
    }
}

/// Where a value of a configuration was written, for messages.
package enum Origin: Sendable, Hashable, CustomStringConvertible {
    /// Line counts from 1; nil means the file as a whole.
    case file(String, line: Int?)
    /// A `key.path=value` of the command line.
    case override(String)

    package var description: String {
        switch self {
        case .file(let name, let line?): "\(name):\(line)"
        case .file(let name, nil): name
        case .override(let text): "override '\(text)'"
        }
    }
}

/// Where each key of a configuration was written. Is no part of what a configuration says, so all are equal.
package struct Origins: Sendable, Hashable {
    let root: Origin
    private var byPath: [String: Origin] = [:]
    /// Keys that stand there with null.
    private var nulls: Set<String> = []

    init(_ tree: SourceNode) {
        root = tree.origin
        collect(tree)
    }

    private mutating func collect(_ node: SourceNode) {
        switch node.value {
        case .scalar: break
        case .sequence(let items):
            for item in items {
                byPath[item.path] = item.origin
                collect(item)
            }
        case .mapping(let entries):
            for entry in entries {
                byPath[entry.value.path] = entry.origin
                if entry.value.isNull { nulls.insert(entry.value.path) }
                collect(entry.value)
            }
        }
    }

    /// Whether the key has a value of its own.
    func isGiven(_ path: String) -> Bool { isWritten(path) && !nulls.contains(path) }

    /// Whether the key stands there, be it with null.
    func isWritten(_ path: String) -> Bool { byPath[path] != nil }

    /// Where `path`, or the closest section around it, was written.
    package subscript(path: String) -> Origin {
        var path = path[...]
        while !path.isEmpty {
            if let origin = byPath[String(path)] { return origin }
            path = path.lastIndex(of: ".").map { path[..<$0] } ?? ""
        }
        return root
    }

    package static func == (_: Origins, _: Origins) -> Bool { true }

    package func hash(into _: inout Hasher) {}
}

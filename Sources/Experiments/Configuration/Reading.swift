/// What goes along while a configuration is read: where things stand, and what was found wrong.
struct Reading: Sendable {
    let environment: [String: String]
    let origins: Origins
    private(set) var problems: [ConfigurationError.Problem] = []

    init(_ tree: SourceNode, environment: [String: String]) {
        self.environment = environment
        origins = Origins(tree)
    }

    /// Whether the key has a value of its own; null means the default.
    func isGiven(_ path: String) -> Bool { origins.isGiven(path) }

    /// Whether the key stands there, be it with null.
    func isWritten(_ path: String) -> Bool { origins.isWritten(path) }

    mutating func note(_ message: String, at origin: Origin) {
        problems.append(.init(origin: origin, message: message))
    }

    /// A problem of the value at `path`.
    mutating func note(_ message: String, at path: String) {
        note(path.isEmpty ? message : "\(path): \(message)", at: origins[path])
    }

    /// Says that a key is unknown in the section at `path`, and where it belongs or what it was meant to be.
    mutating func unknown(_ entry: SourceNode.Entry, in path: String, known: [String]) {
        let place = path.isEmpty ? "the top level" : path
        let homes = Configuration.keys.filter { $0.subkeys.contains(entry.key) }.map { $0.name }
        let clause = Suggestion.clause(for: entry.key, in: known)
        let advice =
            if !homes.isEmpty {
                "; it belongs to \(homes.joined(separator: " or "))"
            } else {
                clause.isEmpty ? "; known keys: \(known.joined(separator: ", "))" : clause
            }
        note("unknown key '\(entry.key)' in \(place)\(advice)", at: entry.origin)
    }

    /// Says what was expected at a node and what was found.
    mutating func mismatch(_ node: SourceNode, _ expectation: String, words: [String] = []) {
        let clause = Suggestion.clause(for: node.text, in: words)
        note("\(node.path) must be \(expectation), found \(node.found)\(clause)", at: node.origin)
    }
}

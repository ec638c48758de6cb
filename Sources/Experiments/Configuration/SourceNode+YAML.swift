import Yams

extension SourceNode {
    /// - Parameters:
    ///   - file: name for messages.
    /// - Throws: the first syntax error, with line and column.
    init(yaml: String, file: String) throws(ConfigurationError) {
        try self.init(yaml: yaml) { .file(file, line: $0) }
    }

    /// The value of a `key.path=value`.
    init(yaml: String, override: String) throws(ConfigurationError) {
        try self.init(yaml: yaml) { _ in .override(override) }
    }

    private init(yaml: String, origin: (Int?) -> Origin) throws(ConfigurationError) {
        let root: Node?
        do {
            root = try Yams.compose(yaml: yaml, .basic)
        } catch let error as YamlError {
            let (message, line) = Self.explain(error)
            throw ConfigurationError(message, at: origin(line))
        } catch {
            throw ConfigurationError("not YAML: \(error)", at: origin(nil))
        }
        guard let root else {
            self.init(.scalar("", isPlain: true), origin(1))
            return
        }
        try self.init(root, origin)
    }

    private init(_ node: Node, _ origin: (Int?) -> Origin) throws(ConfigurationError) {
        let place = origin(node.mark?.line)
        switch node {
        case .scalar(let scalar):
            self.init(.scalar(scalar.string, isPlain: scalar.style == .plain), place)
        case .sequence(let sequence):
            var items: [SourceNode] = []
            for item in sequence { items.append(try SourceNode(item, origin)) }
            self.init(.sequence(items), place)
        case .mapping(let mapping):
            self.init(.mapping(try Self.entries(mapping, origin)), place)
        case .alias:
            throw ConfigurationError("an alias refers to nothing", at: place)
        }
    }

    /// Entries in order; those of `<<` come first, so that the map's own keys win.
    private static func entries(
        _ mapping: Node.Mapping, _ origin: (Int?) -> Origin
    ) throws(ConfigurationError) -> [Entry] {
        var own: [Entry] = []
        var base = SourceNode(.mapping([]), origin(mapping.mark?.line))
        for (key, value) in mapping {
            let place = origin(key.mark?.line)
            guard case .scalar(let scalar) = key else {
                throw ConfigurationError("a key must be one word, not a list or a map", at: place)
            }
            let node = try SourceNode(value, origin)
            guard scalar.string == "<<", scalar.style == .plain else {
                own.append(.init(key: scalar.string, origin: place, value: node))
                continue
            }
            switch node.value {
            case .sequence(let items): for item in items { base = base.merged(over: item) }
            default: base = base.merged(over: node)
            }
        }
        guard case .mapping(let entries) = SourceNode(.mapping(own), base.origin).merged(over: base).value else {
            return own
        }
        return entries
    }

    private static func explain(_ error: YamlError) -> (String, Int?) {
        switch error {
        case .scanner(let context, let problem, let mark, _), .parser(let context, let problem, let mark, _),
            .composer(let context, let problem, let mark, _):
            let text = [context?.text, problem].compactMap { $0 }.joined(separator: ": ")
            return ("not YAML: \(text) (column \(mark.column))", mark.line)
        case .duplicatedKeysInMapping(let duplicates, let context):
            let keys = duplicates.map { "'\($0)'" }.joined(separator: ", ")
            return ("key \(keys) is given more than once in the same map", context.mark.line)
        case .reader(let problem, let offset, _, let yaml):
            let line = offset.map { offset in 1 + yaml.prefix(offset).count { $0.isNewline } }
            return ("not YAML: \(problem)", line)
        default:
            return ("not YAML: \(error)", nil)
        }
    }
}

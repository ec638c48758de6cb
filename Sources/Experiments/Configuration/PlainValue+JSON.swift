extension PlainValue {
    /// JSON on one line. Numbers that JSON has no word for are the texts `inf`, `-inf`, `nan`.
    package var json: String {
        switch self {
        case .null: "null"
        case .boolean(let value): value ? "true" : "false"
        case .integer(let value): String(value)
        case .number(let value): value.isFinite ? Self.format(value) : Self.quote(Self.format(value))
        case .text(let value): Self.quote(value)
        case .list(let items): "[" + items.map { $0.json }.joined(separator: ",") + "]"
        case .map(let members):
            "{" + members.map { Self.quote($0.key) + ":" + $0.value.json }.joined(separator: ",") + "}"
        }
    }

    /// JSON over several lines, two blanks a level; lists of scalars stay on one line.
    package func prettyJSON(indent: String = "") -> String {
        let inner = indent + "  "
        switch self {
        case .list(let items) where items.contains { $0.isContainer }:
            let lines = items.map { inner + $0.prettyJSON(indent: inner) }
            return "[\n" + lines.joined(separator: ",\n") + "\n\(indent)]"
        case .list(let items): return "[" + items.map { $0.json }.joined(separator: ", ") + "]"
        case .map(let members) where !members.isEmpty:
            let lines = members.map { inner + Self.quote($0.key) + ": " + $0.value.prettyJSON(indent: inner) }
            return "{\n" + lines.joined(separator: ",\n") + "\n\(indent)}"
        default: return json
        }
    }

    var isContainer: Bool {
        switch self {
        case .list, .map: true
        default: false
        }
    }

    /// Quoted and escaped so that JSON and YAML both read it back.
    static func quote(_ text: String) -> String {
        var quoted = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": quoted += "\\\""
            case "\\": quoted += "\\\\"
            case "\n": quoted += "\\n"
            case "\t": quoted += "\\t"
            case "\u{0}"..<" ", "\u{7F}"..<"\u{A0}", "\u{2028}", "\u{2029}", "\u{FEFF}", "\u{FFFE}", "\u{FFFF}":
                let digits = String(scalar.value, radix: 16)
                quoted += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: quoted.unicodeScalars.append(scalar)
            }
        }
        return quoted + "\""
    }
}

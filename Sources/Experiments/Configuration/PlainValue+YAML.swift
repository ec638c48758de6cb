extension PlainValue {
    /// YAML, one key a line.
    /// - Parameter comments: whether the keys' explanations stand beside them.
    func yaml(comments: Bool) -> String {
        guard case .map(let members) = self else { return flow + "\n" }
        var lines: [String] = []
        for member in members { Self.write(member, indent: "", comments, to: &lines) }
        return lines.joined(separator: "\n") + "\n"
    }

    private static func write(_ member: Member, indent: String, _ comments: Bool, to lines: inout [String]) {
        var line = indent + scalar(member.key) + ":"
        if !member.value.isBlock { line += " " + member.value.flow }
        if comments, let comment = member.comment {
            line += String(repeating: " ", count: max(2, 40 - line.count)) + "# " + comment
        }
        lines.append(line)
        guard member.value.isBlock else { return }
        switch member.value {
        case .map(let members):
            for member in members { write(member, indent: indent + "  ", comments, to: &lines) }
        case .list(let items):
            for item in items { write(item: item, indent: indent + "  ", comments, to: &lines) }
        default: break
        }
    }

    private static func write(item: PlainValue, indent: String, _ comments: Bool, to lines: inout [String]) {
        guard item.isBlock, case .map(let members) = item else {
            lines.append(indent + "- " + item.flow)
            return
        }
        let start = lines.count
        for member in members { write(member, indent: indent + "  ", comments, to: &lines) }
        lines[start] = indent + "- " + lines[start].dropFirst(indent.count + 2)
    }

    /// Spread over several lines: maps with explained keys, and lists that hold maps.
    private var isBlock: Bool {
        switch self {
        case .map(let members): members.contains { $0.comment != nil }
        case .list(let items): items.contains { if case .map = $0 { true } else { false } }
        default: false
        }
    }

    /// YAML on one line.
    var flow: String {
        switch self {
        case .null: "null"
        case .boolean, .integer: json
        case .number(let value): NumberText.text(value)
        case .text(let text): Self.scalar(text)
        case .list(let items): "[" + items.map { $0.flow }.joined(separator: ", ") + "]"
        case .map(let members):
            "{" + members.map { Self.scalar($0.key) + ": " + $0.value.flow }.joined(separator: ", ") + "}"
        }
    }

    /// A text without quotes where no reader can take it for anything else.
    private static func scalar(_ text: String) -> String {
        let words: Set = ["null", "true", "false", "yes", "no", "on", "off", "y", "n", "inf", "nan"]
        guard let first = text.unicodeScalars.first, let last = text.unicodeScalars.last,
            first.isASCII, first.properties.isAlphabetic || "/._".unicodeScalars.contains(first),
            first != "." || Double("0" + text) == nil, last != " ", !words.contains(text.lowercased()),
            text.unicodeScalars.allSatisfy({
                $0.isASCII && ($0.properties.isAlphabetic || "0123456789/._- ".unicodeScalars.contains($0))
            })
        else { return quote(text) }
        return text
    }
}

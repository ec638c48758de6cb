/// A tree of plain values in a fixed order: what JSON and YAML text is written from.
package indirect enum PlainValue: Sendable, Hashable {
    case null
    case boolean(Bool)
    case integer(Int)
    case number(Double)
    case text(String)
    case list([PlainValue])
    case map([Member])

    package struct Member: Sendable, Hashable {
        package let key: String
        package let value: PlainValue
        /// One line that explains the key.
        let comment: String?
        /// Whether a run with another value is another run.
        let identifies: Bool

        package init(_ key: String, _ value: PlainValue, comment: String? = nil, identifies: Bool = true) {
            self.key = key
            self.value = value
            self.comment = comment
            self.identifies = identifies
        }
    }

    /// Null for nil.
    static func optional(_ value: Double?) -> PlainValue { value.map { .number($0) } ?? .null }

    static func texts(_ words: [String]) -> PlainValue { .list(words.map { .text($0) }) }

    static func object(_ members: KeyValuePairs<String, PlainValue>) -> PlainValue {
        .map(members.map { Member($0.key, $0.value) })
    }

    /// A map with more members at its end; anything else stays as it is.
    func appending(_ members: KeyValuePairs<String, PlainValue>) -> PlainValue {
        guard case .map(let own) = self else { return self }
        return .map(own + members.map { Member($0.key, $0.value) })
    }

    /// Without the members that do not tell one run from another; keys sorted.
    var identity: PlainValue {
        switch self {
        case .list(let items): .list(items.map { $0.identity })
        case .map(let members):
            .map(
                members.filter { $0.identifies }.map { Member($0.key, $0.value.identity) }
                    .sorted { $0.key < $1.key })
        default: self
        }
    }

    /// Keys from the top to each value that is not a map, with that value, in order.
    func leaves(under path: String = "") -> [(path: String, value: PlainValue)] {
        guard case .map(let members) = self, !(members.isEmpty && !path.isEmpty) else { return [(path, self)] }
        return members.flatMap { $0.value.leaves(under: SourceNode.join(path, $0.key)) }
    }

    /// The shortest decimal that is read back as the same number; whole numbers without a point.
    static func format(_ number: Double) -> String {
        if number.isInfinite { return number < 0 ? "-inf" : "inf" }
        if number.isNaN { return "nan" }
        if number == number.rounded(), abs(number) < 1e15 { return String(Int(number)) }
        return number.description
    }
}

extension Kind where Value == Bool {
    static let boolean = Kind(
        expectation: "true or false", schema: .object(["type": .text("boolean")]),
        read: { node, reading in
            switch node.text {
            case "true", "True", "TRUE": return true
            case "false", "False", "FALSE": return false
            default:
                reading.mismatch(node, "true or false")
                return nil
            }
        },
        write: { .boolean($0) })
}

extension Kind where Value == Int {
    static func integer(atLeast minimum: Int) -> Kind {
        let expectation = "a whole number of at least \(minimum)"
        return Kind(
            expectation: expectation, schema: .object(["type": .text("integer"), "minimum": .integer(minimum)]),
            read: { node, reading in
                guard let text = node.text, let value = NumberText.integer(text), value >= minimum else {
                    reading.mismatch(node, expectation)
                    return nil
                }
                return value
            },
            write: { .integer($0) })
    }
}

extension Kind where Value == Double {
    /// A number; fractions such as `8/255` are numbers.
    /// - Parameters:
    ///   - minimum: smallest value; `exclusive`: no longer allowed itself.
    ///   - infinite: whether `inf` is allowed.
    static func number(minimum: Double? = nil, exclusive: Bool = false, infinite: Bool = false) -> Kind {
        let range = minimum.map { (exclusive ? " above " : " of at least ") + PlainValue.format($0) } ?? ""
        let expectation = "a number" + range + (infinite ? " or inf" : "")
        var schema: PlainValue = .object(["type": .text("number")])
        if let minimum { schema = schema.appending([exclusive ? "exclusiveMinimum" : "minimum": .number(minimum)]) }
        let pattern = NumberText.pattern(infinite: infinite)
        return Kind(
            expectation: expectation,
            schema: .object([
                "anyOf": .list([schema, .object(["type": .text("string"), "pattern": .text(pattern)])])
            ]),
            read: { node, reading in
                guard let text = node.text, let value = NumberText.number(text), infinite || value.isFinite,
                    minimum.map({ exclusive ? value > $0 : value >= $0 }) ?? true
                else {
                    reading.mismatch(node, expectation)
                    return nil
                }
                return value
            },
            write: { .number($0) })
    }
}

extension Kind where Value == ClosedRange<Double> {
    /// `[0, 1]`: the lower end and the upper end.
    static let range = Kind(
        expectation: "a list of two numbers, the smaller first",
        schema: .object([
            "type": .text("array"), "items": Kind<Double>.number().schema, "minItems": .integer(2),
            "maxItems": .integer(2),
        ]),
        read: { node, reading in
            if case .sequence(let items) = node.value {
                let ends = items.compactMap { $0.text.flatMap(NumberText.number) }
                if items.count == 2, ends.count == 2, ends[0] < ends[1], ends.allSatisfy({ $0.isFinite }) {
                    return ends[0]...ends[1]
                }
            }
            reading.mismatch(node, "a list of two numbers, the smaller first")
            return nil
        },
        write: { .list([.number($0.lowerBound), .number($0.upperBound)]) })
}

extension Kind where Value == String {
    static let text = Kind(
        expectation: "a text", schema: .object(["type": .text("string")]),
        read: { node, reading in
            guard let text = node.text else {
                reading.mismatch(node, "a text")
                return nil
            }
            return text
        },
        write: { .text($0) })

    /// A file or folder. `${NTK_DATA}` is expanded, no other variable.
    static let path = Kind(
        expectation: "a path", schema: .object(["type": .text("string"), "minLength": .integer(1)]),
        read: { node, reading in
            guard let text = node.text, !text.isEmpty else {
                reading.mismatch(node, "a path")
                return nil
            }
            return PathText.expand(text, node, &reading)
        },
        write: { .text($0) })
}

extension Kind where Value == String {
    /// One of some words.
    static func word(of words: [String]) -> Kind {
        let expectation = Suggestion.oneOf(words)
        return Kind(
            expectation: expectation, schema: .object(["enum": .texts(words)]),
            read: { node, reading in
                if let text = node.text, words.contains(text) { return text }
                reading.mismatch(node, expectation, words: words)
                return nil
            },
            write: { .text($0) })
    }
}

/// The words of a closed choice, as a configuration spells them.
package protocol Choice: RawRepresentable<String>, CaseIterable, Sendable, Hashable {}

extension Kind where Value: Choice {
    /// One of the words of a choice.
    /// - Parameter isAvailable: false for words that are known and cannot be used yet.
    static func choice(_ isAvailable: @escaping @Sendable (Value) -> Bool = { _ in true }) -> Kind {
        let words = Value.allCases.filter(isAvailable).map { $0.rawValue }
        let word = Kind<String>.word(of: words)
        return Kind(
            expectation: word.expectation, schema: word.schema,
            read: { node, reading in
                let value = node.text.flatMap { Value(rawValue: $0) }
                if let value, !isAvailable(value) {
                    let known = words.joined(separator: ", ")
                    reading.note(
                        "'\(value.rawValue)' is not available in this version; available: \(known)", at: node.path)
                    return nil
                }
                return word.read(node, &reading).flatMap { Value(rawValue: $0) }
            },
            write: { .text($0.rawValue) })
    }
}

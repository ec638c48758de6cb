/// How a value is written in a configuration: one description for reading, writing and the JSON Schema.
struct Kind<Value: Sendable>: Sendable {
    /// Ends the sentence "train must be …".
    let expectation: String
    let schema: PlainValue
    /// Null is a value of its own here; elsewhere it means the default.
    var acceptsNull = false
    /// A map of keys that is there even where nothing is written: its defaults are worked out all the same.
    var isSection = false
    /// Keys of the maps in it.
    var subkeys: [String] = []
    /// The value, or nil after having noted what is wrong.
    let read: @Sendable (SourceNode, inout Reading) -> Value?
    let write: @Sendable (Value) -> PlainValue
}

extension Kind {
    /// The value, or a word that stands for nil: `auto`, `all`, `none`, `null`.
    func orWord(_ word: String) -> Kind<Value?> {
        let isNull = word == "null"
        return Kind<Value?>(
            expectation: "\(expectation), or \(word)",
            schema: .object([
                "anyOf": .list([schema, isNull ? .object(["type": .text("null")]) : .object(["const": .text(word)])])
            ]),
            acceptsNull: isNull,
            read: { node, reading in
                if isNull ? node.isNull : node.text == word { return .some(nil) }
                return readQuietly(node, &reading, expectation: "\(expectation), or \(word)")
            },
            write: { value in value.map(write) ?? (isNull ? .null : .text(word)) })
    }

    /// Absent, or the value.
    var optional: Kind<Value?> {
        Kind<Value?>(
            expectation: expectation, schema: schema, subkeys: subkeys,
            read: { node, reading in read(node, &reading) }, write: { value in value.map(write) ?? .null })
    }

    /// Null is another way to write `value`.
    func null(_ value: Value) -> Kind {
        Kind(
            expectation: "\(expectation), or null",
            schema: .object(["anyOf": .list([schema, .object(["type": .text("null")])])]), acceptsNull: true,
            read: { node, reading in
                node.isNull ? value : readQuietly(node, &reading, expectation: "\(expectation), or null")
            },
            write: write)
    }

    /// The same text for another type.
    func map<Other>(
        _ make: @escaping @Sendable (Value) -> Other, back: @escaping @Sendable (Other) -> Value?
    ) -> Kind<Other> {
        Kind<Other>(
            expectation: expectation, schema: schema, acceptsNull: acceptsNull,
            read: { node, reading in read(node, &reading).map(make) },
            write: { other in back(other).map(write) ?? .null })
    }

    /// A list of at least `minimum` values.
    func list(atLeast minimum: Int = 0, of noun: String) -> Kind<[Value]> {
        let expectation = minimum == 0 ? "a list of \(noun)" : "a list of at least \(minimum) \(noun)"
        return Kind<[Value]>(
            expectation: expectation,
            schema: .object(["type": .text("array"), "items": schema, "minItems": .integer(minimum)]),
            subkeys: subkeys,
            read: { node, reading in
                guard case .sequence(let items) = node.value, items.count >= minimum else {
                    reading.mismatch(node, expectation)
                    return nil
                }
                let values = items.map { read($0, &reading) }
                return values.contains { $0 == nil } ? nil : values.compactMap { $0 }
            },
            write: { values in .list(values.map(write)) })
    }

    /// One value, or a list of at least one.
    func oneOrMany(of noun: String) -> Kind<[Value]> {
        let many = list(atLeast: 1, of: noun)
        return Kind<[Value]>(
            expectation: "\(expectation), or a list of them",
            schema: .object(["anyOf": .list([schema, many.schema])]),
            read: { node, reading in
                switch node.value {
                case .sequence: many.read(node, &reading)
                default:
                    readQuietly(node, &reading, expectation: "\(expectation), or a list of them").map { [$0] }
                }
            },
            write: { values in values.count == 1 ? write(values[0]) : many.write(values) })
    }

    /// Reads a value of this kind; a value of another kind altogether is met with the wider expectation.
    private func readQuietly(_ node: SourceNode, _ reading: inout Reading, expectation: String) -> Value? {
        var attempt = reading
        if let value = read(node, &attempt) {
            reading = attempt
            return value
        }
        let noted = attempt.problems.dropFirst(reading.problems.count)
        if noted.count == 1, noted.first?.message.hasPrefix("\(node.path) must be \(self.expectation), found") == true {
            reading.mismatch(node, expectation)
        } else {
            reading = attempt
        }
        return nil
    }
}

import TangentKernels

extension Kind where Value == LayerDescription {
    /// One layer: a word, or a map of one name with its keys. What there is, the list of layers says.
    static let layer = Kind(
        expectation: "a layer", schema: .object(["$ref": .text("#/$defs/layer")]),
        read: { LayerReader.read($0, &$1) }, write: { LayerWriter.write($0) })

    /// A layer that acts on every number alone.
    static let activation = Kind(
        expectation: "an activation", schema: .object(["$ref": .text("#/$defs/activation")]),
        read: { node, reading in
            guard let description = LayerReader.read(node, &reading) else { return nil }
            let activations = Layers.forms.filter { $0.isActivation }.map { $0.name }
            guard activations.contains(description.name) else {
                let list = activations.joined(separator: ", ")
                reading.note("'\(description.name)' is no activation; activations are \(list)", at: node.path)
                return nil
            }
            return description
        },
        write: { LayerWriter.write($0) })
}

extension Layers {
    static var forms: [LayerForm] { all.map { $0.form } }

    /// Layers that the format knows and a version may lack.
    private static let planned = ["conv", "avg_pool", "sum_pool", "global_avg_pool"]

    /// Whether a layer of this name is known and cannot be used yet.
    static func isPlanned(_ name: String) -> Bool {
        planned.contains(name) && !forms.contains { $0.name == name }
    }
}

enum LayerReader {
    static func read(_ node: SourceNode, _ reading: inout Reading) -> LayerDescription? {
        let name: String
        var entries: [SourceNode.Entry] = []
        switch node.value {
        case .scalar where node.text != nil:
            name = node.text ?? ""
        case .mapping(let members) where members.count == 1:
            name = members[0].key
            switch members[0].value.value {
            case .mapping(let keys): entries = keys
            case .scalar where members[0].value.isNull: break
            default:
                reading.mismatch(members[0].value, "a map of the keys of '\(name)'")
                return nil
            }
        default:
            reading.mismatch(node, "a layer: a word, or a map of one name with its keys")
            return nil
        }
        guard let form = form(name, node, &reading) else { return nil }
        let before = reading.problems.count
        var values: [String: LayerDescription.Value] = [:]
        for entry in entries {
            guard let key = form.keys.first(where: { $0.name == entry.key }) else {
                unknown(entry, form, &reading)
                continue
            }
            values[key.name] = key.kind.read(entry.value, &reading)
        }
        let isKnown = reading.problems.count == before
        for key in form.keys where isKnown && key.isRequired && values[key.name] == nil {
            reading.note("layer '\(name)' needs \(key.name), \(key.summary)", at: node.path)
        }
        guard reading.problems.count == before else { return nil }
        let description = LayerDescription(name, values)
        do {
            _ = try Layers.make(description, defaults: LayerDefaults())
        } catch {
            reading.note(error.description, at: node.path)
            return nil
        }
        return description
    }

    private static func form(_ name: String, _ node: SourceNode, _ reading: inout Reading) -> LayerForm? {
        if let form = Layers.forms.first(where: { $0.name == name }) { return form }
        let names = Layers.forms.map { $0.name }
        if Layers.isPlanned(name) {
            reading.note("layer '\(name)' is not available in this version", at: node.path)
        } else {
            let clause = Suggestion.clause(for: name, in: names)
            let advice = clause.isEmpty ? "; layers are \(names.joined(separator: ", "))" : clause
            reading.note("there is no layer '\(name)'\(advice)", at: node.path)
        }
        return nil
    }

    private static func unknown(_ entry: SourceNode.Entry, _ form: LayerForm, _ reading: inout Reading) {
        let known = form.keys.map { $0.name }
        let clause = Suggestion.clause(for: entry.key, in: known)
        let list = known.isEmpty ? "; it has none" : "; known keys: \(known.joined(separator: ", "))"
        reading.note(
            "unknown key '\(entry.key)' of layer '\(form.name)'\(clause.isEmpty ? list : clause)", at: entry.origin)
    }
}

enum LayerWriter {
    static func write(_ layer: LayerDescription) -> PlainValue {
        let keys = Layers.forms.first { $0.name == layer.name }?.keys ?? []
        let members: [PlainValue.Member] = keys.compactMap { key in
            layer.values[key.name].map { .init(key.name, key.kind.write($0)) }
        }
        return members.isEmpty ? .text(layer.name) : .map([.init(layer.name, .map(members))])
    }
}

extension LayerForm.Key {
    /// How the key is written. Null says that there is no bias; for other numbers it has no meaning.
    var kind: Kind<LayerDescription.Value> {
        switch value {
        case .number(let minimum, let exclusive):
            let number = Kind<Double>.number(minimum: minimum, exclusive: exclusive)
            return (name == "b_std" ? number.null(0) : number).map {
                .number($0)
            } back: {
                if case .number(let value) = $0 { value } else { nil }
            }
        case .size:
            return Self.size.map {
                .size($0)
            } back: {
                if case .size(let value) = $0 { value } else { nil }
            }
        case .count:
            return Kind<Int>.integer(atLeast: 1).map {
                .count($0)
            } back: {
                if case .count(let value) = $0 { value } else { nil }
            }
        case .choice(let words):
            return Kind<String>.word(of: words).map {
                .choice($0)
            } back: {
                if case .choice(let value) = $0 { value } else { nil }
            }
        case .layers:
            return Kind<LayerDescription>.layer.list(of: "layers").map {
                .layers($0)
            } back: {
                if case .layers(let value) = $0 { value } else { nil }
            }
        }
    }

    /// One positive whole number, or [height, width].
    static let size: Kind<[Int]> = {
        let one = Kind<Int>.integer(atLeast: 1)
        let expectation = "a whole number of at least 1, or a list of two: [height, width]"
        return Kind<[Int]>(
            expectation: expectation,
            schema: .object([
                "anyOf": .list([
                    one.schema,
                    .object([
                        "type": .text("array"), "items": one.schema, "minItems": .integer(2), "maxItems": .integer(2),
                    ]),
                ])
            ]),
            read: { node, reading in
                var sizes: [Int] = []
                switch node.value {
                case .sequence(let items) where items.count == 2:
                    sizes = items.compactMap { $0.text.flatMap(NumberText.integer) }
                    if sizes.count != 2 { sizes = [0] }
                default: sizes = [node.text.flatMap(NumberText.integer) ?? 0]
                }
                guard sizes.allSatisfy({ $0 >= 1 }) else {
                    reading.mismatch(node, expectation)
                    return nil
                }
                return sizes
            },
            write: { sizes in sizes.count == 1 ? .integer(sizes[0]) : .list(sizes.map { .integer($0) }) })
    }()
}

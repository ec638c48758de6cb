/// One item of `compute.devices`.
package enum DeviceSelector: Sendable, Hashable {
    /// A device by its index in `ntk devices`.
    case whole(Int)
    /// Parts of it that are devices of their own, by the compute units of each.
    case parts(of: Int, units: [Int])

    package var index: Int {
        switch self {
        case .whole(let index), .parts(let index, _): index
        }
    }
}

/// `{split: 0, units: [1, 1]}`: a device that is split.
private struct DeviceSplit: Section {
    var split: Int?
    var units: [Int] = []

    static let keys: [Key<Self>] = [
        Key("split", \.split, Kind.integer(atLeast: 0).optional, "index of the device as printed by ntk devices"),
        Key(
            "units", \.units, Kind.integer(atLeast: 1).list(atLeast: 1, of: "numbers of compute units"),
            "compute units of each part"),
    ]

    mutating func complete(at path: String, _ reading: inout Reading) {
        for key in Self.keys where !reading.isGiven(SourceNode.join(path, key.name)) {
            reading.note("a device that is split needs \(key.name), the \(key.summary)", at: path)
        }
    }
}

extension Kind where Value == DeviceSelector {
    /// An index, or a map that splits the device.
    static let deviceSelector = Kind(
        expectation: expectation,
        schema: .object([
            "anyOf": .list([
                Kind<Int>.integer(atLeast: 0).schema,
                DeviceSplit.schema.appending(["required": .texts(DeviceSplit.keys.map { $0.name })]),
            ])
        ]),
        subkeys: DeviceSplit.keys.map { $0.name },
        read: { node, reading in
            if case .mapping = node.value {
                let before = reading.problems.count
                guard let section = DeviceSplit.read(node, &reading), reading.problems.count == before,
                    let index = section.split
                else { return nil }
                return .parts(of: index, units: section.units)
            }
            guard let index = node.text.flatMap(NumberText.integer), index >= 0 else {
                reading.mismatch(node, expectation)
                return nil
            }
            return .whole(index)
        },
        write: { selector in
            switch selector {
            case .whole(let index): .integer(index)
            case .parts(let index, let units):
                .object(["split": .integer(index), "units": .list(units.map { .integer($0) })])
            }
        })

    private static var expectation: String { "a device index, or {split: index, units: [compute units of each part]}" }
}

import Datasets

/// `data`: which inputs and targets.
package struct DataSection: Section {
    package enum Class: Sendable, Hashable {
        case index(Int)
        case name(String)
    }

    package var name = DatasetName.fashionMNIST
    /// Folder searched first; nil for none. `${NTK_DATA}` unless the configuration says otherwise.
    package var root: String?
    /// nil for all.
    package var classes: [Class]?
    /// Number of points of each split; nil for all.
    package var train: Int? = 2000
    package var test: Int? = 500
    package var balanced = false
    /// `none` for npy unless the configuration says otherwise.
    package var scale = InputScaling.unit
    package var targets = TargetEncoding.oneHot
    /// Files of `npy`; nil for the other sets.
    package var trainInputs: String?
    package var trainTargets: String?
    package var testInputs: String?
    package var testTargets: String?

    package init() {}

    static let keys: [Key<Self>] = [
        Key("name", \.name, .choice(), "fashion-mnist | mnist | cifar10 | npy"),
        Key(
            "root", \.root, Kind.path.orWord("null"),
            "folder searched first; default ${NTK_DATA} where it is set", identifies: false),
        Key(
            "classes", \.classes, Kind.dataClass.list(atLeast: 2, of: "class indices or names").orWord("all"),
            "indices or names; two make a binary task, the first -1 and the second +1"),
        Key(
            "train", \.train, Kind.integer(atLeast: 1).orWord("all"),
            "training points, the first in file order; default for npy: all"),
        Key("test", \.test, Kind.integer(atLeast: 1).orWord("all"), "test points; default for npy: all"),
        Key("balanced", \.balanced, .boolean, "the same number of points of each class"),
        Key(
            "scale", \.scale, .choice(),
            "unit (x/255) | standardize (mean and std of the training pixels) | none; default for npy: none"),
        Key("targets", \.targets, .choice(), "one_hot | centred (one-hot minus 1/k)"),
        file("train_inputs", \.trainInputs, "npy: float inputs [n, H, W, C] or [n, d]"),
        file("train_targets", \.trainTargets, "npy: class indices [n], or float targets [n] or [n, k]"),
        file("test_inputs", \.testInputs, "npy: float inputs [m, H, W, C] or [m, d]"),
        file("test_targets", \.testTargets, "npy: class indices [m], or -1 and +1; may be left out"),
    ]

    private static func file(
        _ name: String, _ property: WritableKeyPath<Self, String?> & Sendable, _ summary: String
    ) -> Key<Self> {
        Key(
            name, property, Kind.path.optional, summary, identifies: false,
            isWritten: { $0[keyPath: property] != nil })
    }

    mutating func complete(at path: String, _ reading: inout Reading) {
        func isGiven(_ key: String) -> Bool { reading.isGiven(SourceNode.join(path, key)) }
        if !reading.isWritten(SourceNode.join(path, "root")) {
            root = reading.environment[PathText.variable].flatMap { $0.isEmpty ? nil : $0 }
        }
        if let classes {
            for (index, one) in classes.enumerated() where classes[..<index].contains(one) {
                reading.note("class '\(one.word)' is given twice", at: "\(path).classes.\(index)")
            }
        }
        let files = ["train_inputs", "train_targets", "test_inputs", "test_targets"]
        guard name == .npy else {
            for key in files where isGiven(key) {
                reading.note("is read only with name: npy; remove it", at: SourceNode.join(path, key))
            }
            return
        }
        if !isGiven("train") { train = nil }
        if !isGiven("test") { test = nil }
        if !isGiven("scale") { scale = .none }
        let missing = files.dropLast().filter { !isGiven($0) }
        if !missing.isEmpty { reading.note("name: npy needs \(missing.joined(separator: ", "))", at: path) }
    }
}

extension DatasetName: Choice {}
extension InputScaling: Choice {}
extension TargetEncoding: Choice {}

extension DataSection.Class {
    package var word: String {
        switch self {
        case .index(let index): String(index)
        case .name(let name): name
        }
    }
}

extension Kind where Value == DataSection.Class {
    /// A plain whole number is an index, anything else a name.
    static let dataClass = Kind(
        expectation: "a class index or name",
        schema: .object(["anyOf": .list([Kind<Int>.integer(atLeast: 0).schema, Kind<String>.text.schema])]),
        read: { node, reading in
            guard case .scalar(let text, let isPlain) = node.value, !node.isNull, !text.isEmpty else {
                reading.mismatch(node, "a class index or name")
                return nil
            }
            guard isPlain, let index = Int(text) else { return .name(text) }
            if index < 0 { reading.mismatch(node, "a class index or name") }
            return index < 0 ? nil : .index(index)
        },
        write: {
            switch $0 {
            case .index(let index): .integer(index)
            case .name(let name): .text(name)
            }
        })
}

import TangentKernels

/// `features`: eigen-features of the Gram matrix, their usefulness and robustness, and machines made of some of them.
package struct FeaturesSection: Section {
    package enum AttackName: String, Choice {
        case fgsm, pgd
    }

    package enum Criterion: String, Choice {
        case accuracy, correlation, both
    }

    /// Features of the largest eigenvalues, from index 0 on.
    package var count = 100
    /// Further features, by their index in the spectrum.
    package var indices: [Int] = []
    /// Radii, at least one.
    package var eps = [8.0 / 255]
    /// Attacks on each feature and each machine alone; nil for none.
    package var attack: [AttackName]? = [.fgsm]
    /// Of pgd; nil for 2.5 eps / steps.
    package var step: Double?
    /// Of pgd.
    package var steps = 10
    /// Range of the inputs; nil for none. As in `AttackSection`.
    package var clip: ClosedRange<Double>? = 0...1
    /// Test points, from the first on, whose feature gradients are kept.
    package var images = 5
    package var criterion = Criterion.accuracy
    /// Accuracy above which a feature is useful; nil for the share of the largest class among the test points.
    package var useful: Double?
    /// Accuracy under attack above which a feature is robust; nil for the same share.
    package var robust: Double?
    /// Numbers of features of the truncated machines, ascending; nil for a geometric list, empty for no machines.
    package var machines: [Int]?
    /// Nets beside that of `model`.
    package var architectures: [ModelSection] = []

    package init() {}

    static let keys: [Key<Self>] = [
        Key("count", \.count, .integer(atLeast: 1), "features of the largest eigenvalues; at most all"),
        Key(
            "indices", \.indices, Kind.integer(atLeast: 0).list(of: "indices"),
            "further features by index, 0 being the largest eigenvalue"),
        Key("eps", \.eps, Kind.number(minimum: 0).oneOrMany(of: "radii"), "linf radius, or a list of radii"),
        Key(
            "attack", \.attack, Kind.choice().oneOrMany(of: "attacks").orWord("none"),
            "fgsm | pgd | a list of them | none: on each feature and each machine alone"),
        Key(
            "step", \.step, Kind.number(minimum: 0, exclusive: true).orWord("auto"),
            "length of a step of pgd; auto: 2.5 eps / steps", isWritten: { $0.attacks.contains(.pgd) }),
        Key("steps", \.steps, .integer(atLeast: 1), "steps of pgd", isWritten: { $0.attacks.contains(.pgd) }),
        Key(
            "clip", \.clip, Kind.range.orWord("none"),
            "range of the inputs, or none; default [0, 1] with scale unit, else none"),
        Key("images", \.images, .integer(atLeast: 0), "first test points, whose feature gradients are exported"),
        Key("criterion", \.criterion, .choice(), "accuracy | correlation | both: measures of usefulness"),
        Key(
            "useful", \.useful, Kind.number(minimum: 0).orWord("majority"),
            "accuracy above which a feature is useful; majority: the share of the largest class"),
        Key(
            "robust", \.robust, Kind.number(minimum: 0).orWord("majority"),
            "accuracy under attack above which a useful feature is robust"),
        Key(
            "machines", \.machines, Kind.integer(atLeast: 1).list(of: "numbers of features").orWord("auto"),
            "numbers of features of truncated machines; auto: a geometric list; [] for none"),
        Key(
            "architectures", \.architectures, Kind.section.list(of: "models"),
            "nets beside that of model, each with the keys of model"),
    ]

    /// The attacks, none for `none`.
    package var attacks: [AttackName] { attack ?? [] }

    mutating func complete(at path: String, _ reading: inout Reading) {
        for key in ["step", "steps"] where !attacks.contains(.pgd) && reading.isGiven("\(path).\(key)") {
            reading.note("has no meaning without attack: pgd; remove it", at: "\(path).\(key)")
        }
        func refuseTwice<T: Hashable>(_ values: [T], _ key: String, _ text: (T) -> String) {
            for (place, value) in values.enumerated() where values[..<place].contains(value) {
                reading.note("\(text(value)) is given twice", at: "\(path).\(key).\(place)")
            }
        }
        refuseTwice(attacks, "attack") { $0.rawValue }
        refuseTwice(indices, "indices") { String($0) }
        machines = machines.map { Set($0).sorted() }
    }
}

extension ModelSection {
    /// What a net is called in results and file names: `fc-3`, `conv-gap-2`, `fc-1-erf`, `myrtle5`, `layers`.
    package var label: String {
        guard let preset else { return "layers" }
        let depth = preset.hasDepth ? "-\(self.depth)" : ""
        return preset.rawValue + depth + (activation.name == "relu" ? "" : "-\(activation.name)")
    }
}

extension Configuration {
    /// The nets whose features are wanted, that of `model` first, with names that differ: the second net of a name
    /// is `fc-3.2`.
    package var featureModels: [(label: String, model: ModelSection)] {
        let models = [model] + (features?.architectures ?? [])
        let names = DistinctNames.make(given: models.map { _ in nil }, own: models.map(\.label))
        return Array(zip(names, models))
    }
}

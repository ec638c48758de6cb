import Attacks

/// One item of `attacks`.
package struct AttackSection: Section {
    package enum Name: String, Choice {
        case fgsm, pgd
        case apgdCE = "apgd-ce"
        case apgdDLR = "apgd-dlr"
        case fab, square, cw, taylor

        var isAvailable: Bool { self == .fgsm || self == .pgd }

        /// Keys that have no meaning for the attack; they are refused rather than read and forgotten.
        var unread: [String] {
            switch self {
            case .fgsm: ["step", "steps", "restarts", "random_start"]
            case .apgdCE, .apgdDLR: ["step", "loss"]
            default: []
            }
        }
    }

    package enum Norm: String, Choice {
        case linf, l2, l1

        var isAvailable: Bool { self == .linf }
    }

    package enum Target: String, Choice {
        case label, prediction, targeted

        var isAvailable: Bool { self != .targeted }
    }

    package var name = Name.fgsm
    package var norm = Norm.linf
    /// Radii, at least one.
    package var eps = [8.0 / 255]
    /// nil for the attack's own: 2.5 eps / steps for pgd.
    package var step: Double?
    /// nil for the attack's own.
    package var steps: Int?
    package var restarts = 1
    package var randomStart = false
    package var loss = AttackLoss.crossEntropy
    package var target = Target.label
    /// Range of the inputs; nil for none. [0, 1] with `data.scale: unit`, else none, unless the configuration says it.
    package var clip: ClosedRange<Double>? = 0...1

    package init() {}

    static let keys: [Key<Self>] = [
        Key("name", \.name, .choice { $0.isAvailable }, "fgsm | pgd"),
        Key("norm", \.norm, .choice { $0.isAvailable }, "of the perturbation: linf"),
        Key("eps", \.eps, Kind.number(minimum: 0).oneOrMany(of: "radii"), "radius, or a list of radii"),
        Key(
            "step", \.step, Kind.number(minimum: 0, exclusive: true).orWord("auto"),
            "length of a step; auto: the attack's own (pgd: 2.5 eps / steps)", isWritten: { $0.reads("step") }),
        Key(
            "steps", \.steps, Kind.integer(atLeast: 1).orWord("auto"),
            "number of steps; auto: the attack's own (pgd: 20)",
            isWritten: { $0.reads("steps") }),
        Key(
            "restarts", \.restarts, .integer(atLeast: 1),
            "tries, the best counts; all but the first start at random points",
            isWritten: { $0.reads("restarts") }),
        Key(
            "random_start", \.randomStart, .boolean, "the first try, too, starts at a random point",
            isWritten: { $0.reads("random_start") }),
        Key(
            "loss", \.loss, .choice(), "cross_entropy | mse | margin | cw", isWritten: { $0.reads("loss") }),
        Key("target", \.target, .choice { $0.isAvailable }, "label | prediction: what the attack moves away from"),
        Key(
            "clip", \.clip, Kind.range.orWord("none"),
            "range of the inputs, or none; default [0, 1] with scale unit, else none"),
    ]

    private func reads(_ key: String) -> Bool { !name.unread.contains(key) }

    mutating func complete(at path: String, _ reading: inout Reading) {
        if !reading.isGiven("\(path).name") { reading.note("an attack needs a name", at: path) }
        for key in name.unread where reading.isGiven("\(path).\(key)") {
            reading.note("has no meaning for \(name.rawValue); remove it", at: "\(path).\(key)")
        }
    }
}

extension AttackLoss: Choice {}

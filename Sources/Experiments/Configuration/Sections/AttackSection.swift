import Attacks

/// One item of `attacks`.
package struct AttackSection: Section {
    package enum Name: String, Choice {
        case fgsm
        case randomFGSM = "r-fgsm"
        case pgd
        case apgdCE = "apgd-ce"
        case apgdDLR = "apgd-dlr"
        case apgdTargeted = "apgd-t"
        case fab
        case fabTargeted = "fab-t"
        case square, cw, deepfool, taylor, universal, auto, file

        /// Keys that the attack reads beside name, eps, norm and clip; all others are refused rather than read and
        /// forgotten.
        var keys: Set<String> {
            switch self {
            case .fgsm: ["loss", "target", "target_class"]
            case .randomFGSM: ["loss", "target", "target_class", "restarts"]
            case .pgd:
                ["loss", "target", "target_class", "step", "steps", "momentum", "restarts", "random_start"]
            case .apgdCE, .apgdDLR: ["target", "target_class", "steps", "restarts"]
            case .apgdTargeted, .fabTargeted: ["target", "steps", "restarts", "target_classes"]
            case .fab: ["target", "steps", "restarts"]
            case .square: ["target", "target_class", "steps", "restarts", "share"]
            case .cw: ["target", "target_class", "step", "steps", "searches", "confidence"]
            case .deepfool: ["target", "steps", "overshoot"]
            case .taylor: ["target", "target_class"]
            case .universal: ["loss", "target", "target_class", "step", "steps", "fit"]
            case .auto: ["target"]
            case .file: ["target", "target_class", "path"]
            }
        }

        /// Norms in which the attack is defined.
        var norms: [ThreatModel.Norm] { self == .cw ? [.l2] : ThreatModel.Norm.allCases }
    }

    package enum Target: String, Choice {
        case label, prediction, targeted
    }

    /// Where a universal perturbation is searched for.
    package enum Fit: String, Choice {
        case test, train
    }

    package var name = Name.fgsm
    package var norm = ThreatModel.Norm.linf
    /// Radii, at least one.
    package var eps = [8.0 / 255]
    /// nil for the attack's own: 2.5 eps / steps for pgd.
    package var step: Double?
    /// nil for the attack's own.
    package var steps: Int?
    package var momentum = 0.0
    package var restarts = 1
    package var randomStart = false
    package var loss = AttackLoss.crossEntropy
    package var target = Target.label
    /// Index of the class that a targeted attack leads to.
    package var targetClass: Int?
    /// Classes that apgd-t and fab-t try for each point.
    package var targetClasses = 9
    /// Share of the numbers that the first squares cover.
    package var share = 0.8
    /// Searches for the constant of cw.
    package var searches = 9
    package var confidence = 0.0
    package var overshoot = 0.02
    /// Points for which a universal perturbation is searched.
    package var fit = Fit.test
    /// Array of `file`, x̃ of all test points.
    package var path: String?
    /// Range of the inputs; nil for none. [0, 1] with `data.scale: unit`, else none, unless the configuration says it.
    package var clip: ClosedRange<Double>? = 0...1

    package init() {}

    static let keys: [Key<Self>] = [
        Key(
            "name", \.name, .choice(),
            "fgsm | r-fgsm | pgd | apgd-ce | apgd-dlr | apgd-t | fab | fab-t | square | cw | deepfool | taylor "
                + "| universal | auto | file (points of your own)"),
        Key("norm", \.norm, .choice(), "of the perturbation: linf | l2 | l1"),
        Key("eps", \.eps, Kind.number(minimum: 0).oneOrMany(of: "radii"), "radius, or a list of radii"),
        own(
            "step", \.step, Kind.number(minimum: 0, exclusive: true).orWord("auto"),
            "length of a step; auto: the attack's own (pgd, universal: 2.5 eps / steps, cw: learning rate 0.01)"),
        own(
            "steps", \.steps, Kind.integer(atLeast: 1).orWord("auto"),
            "number of steps; auto: the attack's own (pgd and universal 20, apgd and fab 100, square 5000 queries, "
                + "cw 10000, deepfool 50)"),
        own("momentum", \.momentum, .number(minimum: 0), "share of the last direction in the next one"),
        own(
            "restarts", \.restarts, .integer(atLeast: 1),
            "tries, the best counts; all but the first start at random points"),
        own("random_start", \.randomStart, .boolean, "the first try, too, starts at a random point"),
        own("loss", \.loss, .choice(), "cross_entropy | mse | margin | cw | dlr"),
        own(
            "target", \.target, .choice(),
            "label | prediction: what the attack moves away from; targeted: towards target_class"),
        Key(
            "target_class", \.targetClass, Kind.integer(atLeast: 0).optional,
            "index of the class that a targeted attack leads to", isWritten: { $0.target == .targeted }),
        own(
            "target_classes", \.targetClasses, .integer(atLeast: 1),
            "likeliest wrong classes that are tried for each point"),
        own(
            "share", \.share, .number(minimum: 0, exclusive: true),
            "share of the numbers that the first squares cover, at most 1"),
        own("searches", \.searches, .integer(atLeast: 1), "searches for the constant, each of all steps"),
        own("confidence", \.confidence, .number(minimum: 0), "margin by which the goal is to be passed"),
        own("overshoot", \.overshoot, .number(minimum: 0), "share by which the way to the border is passed"),
        own(
            "fit", \.fit, .choice(),
            "test | train: the points that a universal perturbation is searched for; tried it is on the test points"),
        own("path", \.path, Kind.path.optional, "array of adversarial points, one for each test point"),
        Key(
            "clip", \.clip, Kind.range.orWord("none"),
            "range of the inputs, or none; default [0, 1] with scale unit, else none"),
    ]

    /// A key that only some attacks read.
    private static func own<Value>(
        _ name: String, _ property: WritableKeyPath<Self, Value> & Sendable, _ kind: Kind<Value>, _ summary: String
    ) -> Key<Self> {
        Key(name, property, kind, summary, isWritten: { $0.name.keys.contains(name) })
    }

    mutating func complete(at path: String, _ reading: inout Reading) {
        if !reading.isGiven("\(path).name") { reading.note("an attack needs a name", at: path) }
        let common: Set = ["name", "norm", "eps", "clip"]
        for key in Self.keys.map({ $0.name }) where !common.contains(key) && !name.keys.contains(key) {
            guard reading.isGiven("\(path).\(key)") else { continue }
            reading.note("has no meaning for \(name.rawValue); remove it", at: "\(path).\(key)")
        }
        if !reading.isGiven("\(path).norm"), let only = name.norms.first { norm = only }
        if !name.norms.contains(norm) {
            let known = name.norms.map { $0.rawValue }.joined(separator: ", ")
            reading.note("\(name.rawValue) is defined for \(known) only", at: "\(path).norm")
        }
        if name == .file && self.path == nil { reading.note("an attack from a file needs path", at: path) }
        if share > 1 { reading.note("must be at most 1", at: "\(path).share") }
        checkTarget(at: path, &reading)
    }

    private func checkTarget(at path: String, _ reading: inout Reading) {
        guard target == .targeted else {
            if reading.isGiven("\(path).target_class"), name.keys.contains("target_class") {
                reading.note("is read only with target: targeted; remove it", at: "\(path).target_class")
            }
            return
        }
        if !name.keys.contains("target_class") {
            reading.note(
                "\(name.rawValue) cannot be targeted at one class; use label or prediction", at: "\(path).target")
        } else if targetClass == nil {
            reading.note("a targeted attack needs target_class", at: path)
        }
    }
}

extension AttackLoss: Choice {}
extension ThreatModel.Norm: Choice {}

import Networks

/// One item of `networks`: a finite net, how it is trained, and what is looked at on the way.
package struct NetworkSection: Section {
    /// In records and file names; nil for the net's own, `conv-2` or `conv-2-adversarial`.
    package var name: String?
    /// That of the configuration, unless the item says its own.
    package var model = ModelSection()
    /// Outputs of each layer with weights that does not say its own; one number, or one for each of them.
    package var width = [256]
    package var initialization = Initialization.ntk
    /// One net for each; they are added to the run's seed.
    package var seeds = [0]
    package var training = TrainingSection()
    /// The attack on every batch before its step; nil trains on the points as they are.
    package var adversarial: AttackSection?
    /// Share of each batch that is attacked, its first points.
    package var attacked = 1.0
    /// Training goes on with the tangent model from an epoch on; nil for never.
    package var linearize: LinearizationSection?
    /// Whether f − f₀ is the predictor: training starts at 0.
    package var centred = false
    package var evaluate = NetworkEvaluationSection()
    /// Epochs from one checkpoint to the next.
    package var checkpoint = 1
    /// The infinitely wide net of the same layers beside this one; nil for none.
    package var kernel: NetworkKernelSection?

    package init() {}

    static let keys: [Key<Self>] = [
        Key(
            "name", \.name, Kind.fileName.orWord("auto"),
            "in results and file names; auto: the net's own, such as fc-1 or conv-2-adversarial"),
        Key("model", \.model, .section, "its layers; default: model of the configuration"),
        Key(
            "width", \.width, Kind.integer(atLeast: 1).oneOrMany(of: "widths"),
            "outputs of hidden dense and conv layers that do not say their own; one, or a list with one for each"),
        Key("initialization", \.initialization, .choice(), "ntk (W_std and b_std) | lecun | he (no biases)"),
        Key(
            "seeds", \.seeds, Kind.integer(atLeast: 0).list(atLeast: 1, of: "seeds"),
            "one net for each; they are added to the seed of the run"),
        Key("training", \.training, .section, "gradient descent"),
        Key(
            "adversarial", \.adversarial, Kind.section.orWord("none"),
            "none, or the attack on every batch before its step, with the keys of an attack"),
        Key(
            "attacked", \.attacked, .number(minimum: 0, exclusive: true),
            "share of each batch that is attacked, at most 1; the rest stays clean",
            isWritten: { $0.adversarial != nil }),
        Key(
            "linearize", \.linearize, Kind.section.orWord("none"),
            "none, or when training goes on with the net's tangent model, which is linear in the parameters"),
        Key("centred", \.centred, .boolean, "the predictor is f - f0, which is 0 before training; needs loss mse"),
        Key("evaluate", \.evaluate, .section, "what is measured along training"),
        Key("checkpoint", \.checkpoint, .integer(atLeast: 1), "epochs from one checkpoint to the next"),
        Key(
            "kernel", \.kernel, Kind.section.orWord("none"),
            "none, or the infinitely wide net of the same layers beside this one, along training"),
    ]

    mutating func complete(at path: String, _ reading: inout Reading) {
        for (index, seed) in seeds.enumerated() where seeds[..<index].contains(seed) {
            reading.note("seed \(seed) is given twice", at: "\(path).seeds.\(index)")
        }
        if attacked > 1 { reading.note("must be at most 1", at: "\(path).attacked") }
        if adversarial == nil, reading.isGiven("\(path).attacked") {
            reading.note("is read only with adversarial; remove it", at: "\(path).attacked")
        }
        for (key, attack) in attacks { check(attack, at: "\(path).\(key)", &reading) }
        if centred { checkCentred(at: path, &reading) }
        if kernel != nil { checkKernel(at: path, &reading) }
        if let linearize, linearize.epoch > training.epochs {
            reading.note(
                "there is no epoch \(linearize.epoch): training has \(training.epochs)", at: "\(path).linearize.epoch")
        }
        for (key, epochs) in [("kernel.epochs", kernel?.epochs), ("evaluate.epochs", evaluate.epochs)] {
            for (index, epoch) in (epochs ?? []).enumerated() where epoch > training.epochs {
                reading.note(
                    "there is no epoch \(epoch): training has \(training.epochs)", at: "\(path).\(key).\(index)")
            }
        }
    }

    /// Attacks of the item, by key.
    private var attacks: [(key: String, attack: AttackSection)] {
        [("adversarial", adversarial), ("evaluate.attack", evaluate.attack), ("kernel.attack", kernel?.attack)]
            .compactMap { key, attack in attack.map { (key, $0) } }
    }

    private func check(_ attack: AttackSection, at path: String, _ reading: inout Reading) {
        if attack.name == .file {
            reading.note("points from a file cannot follow a net that is trained", at: "\(path).name")
        }
        if attack.eps.count != 1 { reading.note("must be one radius here", at: "\(path).eps") }
        if attack.target == .targeted {
            reading.note("must be label or prediction here", at: "\(path).target")
        }
    }

    private func checkCentred(at path: String, _ reading: inout Reading) {
        if training.loss != .mse {
            reading.note("needs training.loss: mse, whose targets can be moved by f0", at: "\(path).centred")
        }
        if adversarial != nil {
            reading.note("cannot go with adversarial training, whose points have no fixed f0", at: "\(path).centred")
        }
        if linearize?.centred == true {
            reading.note("cannot go with a centred tangent model; remove one of them", at: "\(path).centred")
        }
    }

    /// What the kernel's time stands for.
    private func checkKernel(at path: String, _ reading: inout Reading) {
        func refuse(_ isWrong: Bool, _ advice: String) {
            if isWrong { reading.note("compares gradient descent with its limit: \(advice)", at: "\(path).kernel") }
        }
        refuse(training.loss != .mse, "set training.loss: mse")
        refuse(adversarial != nil, "it has no adversarial training; remove adversarial")
        refuse(training.momentum >= 1, "set a momentum below 1")
        refuse(training.weightDecay != 0, "set weight_decay to 0")
        refuse(initialization != .ntk, "set initialization: ntk")
    }
}

/// `training`: how a net learns.
package struct TrainingSection: Section {
    package enum Schedule: String, Choice {
        case constant, step, cosine
    }

    package var epochs = 10
    package var batch = 250
    package var learningRate = 1e-2
    package var schedule = Schedule.constant
    /// Of `step`.
    package var decayEpochs = 30
    package var decayFactor = 0.1
    package var momentum = 0.0
    package var weightDecay = 0.0
    package var loss = TrainingLoss.crossEntropy
    package var shuffle = false

    package init() {}

    static let keys: [Key<Self>] = [
        Key("epochs", \.epochs, .integer(atLeast: 0), "passes over the training points"),
        Key("batch", \.batch, .integer(atLeast: 1), "points of a step"),
        Key("learning_rate", \.learningRate, .number(minimum: 0), "of the first epoch"),
        Key("schedule", \.schedule, .choice(), "of the learning rate: constant | step | cosine (down to 0)"),
        Key(
            "decay_epochs", \.decayEpochs, .integer(atLeast: 1), "epochs from one step of the schedule to the next",
            isWritten: { $0.schedule == .step }),
        Key(
            "decay_factor", \.decayFactor, .number(minimum: 0), "of the learning rate at each step of the schedule",
            isWritten: { $0.schedule == .step }),
        Key("momentum", \.momentum, .number(minimum: 0), "share of the last step in the next one"),
        Key("weight_decay", \.weightDecay, .number(minimum: 0), "of all parameters"),
        Key("loss", \.loss, .choice(), "cross_entropy | mse"),
        Key("shuffle", \.shuffle, .boolean, "a new order in every epoch, by the net's seed; else that of the data"),
    ]

    mutating func complete(at path: String, _ reading: inout Reading) {
        for key in ["decay_epochs", "decay_factor"] where schedule != .step && reading.isGiven("\(path).\(key)") {
            reading.note("is read only with schedule: step; remove it", at: "\(path).\(key)")
        }
    }

    /// - Parameter seed: of the net.
    func plan(seed: UInt64) -> TrainingPlan {
        let rates: LearningRateSchedule =
            switch schedule {
            case .constant: .constant
            case .step: .step(epochs: decayEpochs, factor: decayFactor)
            case .cosine: .cosine
            }
        return TrainingPlan(
            epochs: epochs, batchSize: batch, learningRate: learningRate, schedule: rates, momentum: momentum,
            weightDecay: weightDecay, loss: loss, shuffleSeed: shuffle ? seed : nil)
    }
}

/// `linearize`: training that goes on with the tangent model, which is linear in the parameters.
package struct LinearizationSection: Section {
    /// Epochs that the net itself is trained for.
    package var epoch = 0
    package var centred = false

    package init() {}

    static let keys: [Key<Self>] = [
        Key("epoch", \.epoch, .integer(atLeast: 0), "epochs that the net itself is trained for"),
        Key("centred", \.centred, .boolean, "without the net's own outputs at that epoch"),
    ]
}

/// `evaluate`: accuracies along training.
package struct NetworkEvaluationSection: Section {
    /// Epochs that are done; nil for all from 0 on.
    package var epochs: [Int]?
    /// First points of either split.
    package var points = 500
    /// nil for that of the training, or none.
    package var attack: AttackSection?

    package init() {}

    static let keys: [Key<Self>] = [
        Key(
            "epochs", \.epochs, Kind.integer(atLeast: 0).list(of: "epochs").orWord("all"),
            "numbers of epochs behind which accuracies are measured, 0 being the untrained net; or all"),
        Key("points", \.points, .integer(atLeast: 1), "first training points and first test points that are looked at"),
        Key(
            "attack", \.attack, Kind.section.orWord("auto"),
            "of the robust accuracies, with the keys of an attack; auto: that of adversarial, or none"),
    ]
}

/// `kernel` of a net: the infinitely wide one at the same time of training.
package struct NetworkKernelSection: Section {
    /// Epochs that are done; nil for all from 0 on.
    package var epochs: [Int]?
    /// First test points.
    package var points = 200
    package var attack = AttackSection()

    package init() {}

    static let keys: [Key<Self>] = [
        Key(
            "epochs", \.epochs, Kind.integer(atLeast: 0).list(of: "epochs").orWord("all"),
            "numbers of epochs behind which net and kernel are compared, or all"),
        Key("points", \.points, .integer(atLeast: 1), "first test points that are looked at"),
        Key("attack", \.attack, .section, "of the net and of the kernel on each of them"),
    ]
}

extension TrainingLoss: Choice {}
extension Initialization: Choice {}

extension NetworkSection {
    /// What the net is called unless the configuration says it.
    var ownName: String { model.label + (adversarial == nil ? "" : "-adversarial") }

    var widths: Widths { width.count == 1 ? .uniform(width[0]) : .each(width) }
}

extension Kind where Value == String {
    /// A word that can stand in the name of a file.
    static let fileName = Kind(
        expectation: "a word of letters, digits, '.', '_' and '-'",
        schema: .object(["type": .text("string"), "pattern": .text("^[A-Za-z0-9_-][A-Za-z0-9._-]*$")]),
        read: { node, reading in
            func isAllowed(_ letter: Character) -> Bool {
                letter.isASCII && (letter.isLetter || letter.isNumber || "._-".contains(letter))
            }
            guard let text = node.text, let first = text.first, first != ".", text.allSatisfy(isAllowed) else {
                reading.mismatch(node, "a word of letters, digits, '.', '_' and '-'")
                return nil
            }
            return text
        },
        write: { .text($0) })
}

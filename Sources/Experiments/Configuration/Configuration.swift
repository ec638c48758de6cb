/// Everything that a run is asked to do.
///
/// A section that is added later is one file of `Sections/`, and here its property and its key.
package struct Configuration: Section {
    package enum SavedArrays: String, Choice {
        case kernels, predictions, gradients, adversarial, features
    }

    package var question = ""
    package var seed = 0
    /// Run folder; nil for `runs/<name>/<run id>`.
    package var output: String?
    package var data = DataSection()
    package var model = ModelSection()
    package var compute = ComputeSection()
    package var kernel = KernelSection()
    package var inference = InferenceSection()
    package var attacks: [AttackSection] = []
    /// nil where no eigen-features are wanted.
    package var features: FeaturesSection?
    package var networks: [NetworkSection] = []
    /// nil where no empirical kernels are wanted.
    package var dynamics: DynamicsSection?
    /// nil where no transfer matrix is wanted.
    package var transfer: TransferSection?
    package var save: [SavedArrays] = []
    package var sweep: SweepSection?
    /// nil where nothing is said of a queue.
    package var launcher: LauncherSection?
    /// Where the keys were written.
    package var origins = Origins(SourceNode(.mapping([]), .file("configuration", line: nil)))

    package init() {}

    static let keys: [Key<Self>] = [
        Key("question", \.question, .text, "free text, shown in the report", identifies: false),
        Key("seed", \.seed, .integer(atLeast: 0), "of everything random"),
        Key(
            "output", \.output, Kind.path.orWord("null"), "run folder; default runs/<config name>/<run id>",
            identifies: false),
        Key("data", \.data, .section, "which inputs and targets"),
        Key("model", \.model, .section, "a preset, or the layers themselves"),
        Key("compute", \.compute, .section, "on what, and in which precision"),
        Key("kernel", \.kernel, .section, "which covariance predicts"),
        Key("inference", \.inference, .section, "regression and gradient flow"),
        Key("attacks", \.attacks, Kind.section.list(of: "attacks"), "each one is evaluated on the test set"),
        Key(
            "features", \.features, Kind.section.optional, "eigen-features and their robustness",
            isWritten: { $0.features != nil }),
        Key(
            "networks", \.networks, Kind.section.list(of: "nets"), "finite nets, each with its training",
            isWritten: { !$0.networks.isEmpty }),
        Key(
            "dynamics", \.dynamics, Kind.section.optional, "the empirical NTK of the nets along training",
            isWritten: { $0.dynamics != nil }),
        Key(
            "transfer", \.transfer, Kind.section.optional, "adversarial points of each model, tried on every model",
            isWritten: { $0.transfer != nil }),
        Key(
            "save", \.save, Kind.choice().list(of: "names of arrays"),
            "arrays to export as .npy: kernels | predictions | gradients | adversarial | features"),
        Key(
            "sweep", \.sweep, Kind.section.optional, "the runs of ntk sweep", identifies: false,
            isWritten: { $0.sweep != nil }),
        Key(
            "launcher", \.launcher, Kind.section.optional, "where ntk submit sends the work", identifies: false,
            isWritten: { $0.launcher != nil }),
    ]

    mutating func complete(at path: String, _ reading: inout Reading) {
        let range: ClosedRange<Double>? = data.scale == .unit ? 0...1 : nil
        for index in attacks.indices where !reading.isGiven("attacks.\(index).clip") { attacks[index].clip = range }
        if features != nil, !reading.isGiven("features.clip") { features?.clip = range }
        if transfer != nil, !reading.isGiven("transfer.attack.clip") { transfer?.attack?.clip = range }
        completeNetworks(range: range, &reading)
        save = SavedArrays.allCases.filter { save.contains($0) }
        origins = reading.origins
    }
}

extension Configuration {
    /// Complete, with every default; reading it again gives the same configuration.
    /// - Parameter comments: whether each key is explained.
    package func resolved(comments: Bool = false) -> String { written.yaml(comments: comments) }

    /// What tells one run from another, as JSON with sorted keys: all keys but the question, the output folder and the
    /// places of the data, whose content is compared by checksum. The run id is a digest of it.
    package var canonical: String { written.identity.json }

    /// Keys in which two configurations ask for different runs.
    package func differences(from other: Configuration) -> [String] {
        let own = written.identity.leaves()
        let others = other.written.identity.leaves()
        let changed = own.filter { leaf in !others.contains { $0.path == leaf.path && $0.value == leaf.value } }
        let lost = others.filter { leaf in !own.contains { $0.path == leaf.path } }
        return (changed + lost).map { $0.path }
    }

    /// A complaint about the value at `path` that shows only when it is used, with its file and line.
    package func error(at path: String, _ message: String) -> ConfigurationError {
        ConfigurationError("\(path): \(message)", at: origins[path])
    }
}

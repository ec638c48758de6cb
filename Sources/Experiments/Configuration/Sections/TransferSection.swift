import Attacks
import Compute

/// `transfer`: adversarial points of each model, tried on every model.
package struct TransferSection: Section {
    /// Kernels beside that of the run.
    package var models: [TransferModel] = []
    /// What makes the adversarial points; FGSM at 8/255 unless the configuration says otherwise.
    package var attack: AttackSection?
    /// Labels of the models that are attacked, and of those on which the points are tried; nil for all.
    package var sources: [String]?
    package var targets: [String]?
    /// First test points whose loss gradients are compared; nil for all.
    package var images: Int?

    package init() {}

    static let keys: [Key<Self>] = [
        Key(
            "models", \.models, Kind.section.list(of: "models"),
            "kernels beside that of the run; what they do not say, they have from it"),
        Key(
            "attack", \.attack, Kind.section.optional,
            "with the keys of attacks and one eps; default fgsm at 8/255"),
        Key(
            "sources", \.sources, Kind.text.list(atLeast: 1, of: "labels").orWord("all"),
            "labels of the models that are attacked"),
        Key(
            "targets", \.targets, Kind.text.list(atLeast: 1, of: "labels").orWord("all"),
            "labels of the models on which the points are tried"),
        Key(
            "images", \.images, Kind.integer(atLeast: 0).orWord("all"),
            "first test points whose loss gradients are compared"),
    ]

    mutating func complete(at path: String, _ reading: inout Reading) {
        attack = attack ?? AttackSection()
        if let attack, attack.eps.count > 1 {
            reading.note("transfer takes one radius, not \(attack.eps.count)", at: "\(path).attack.eps")
        }
        if let attack, attack.name == .file {
            reading.note("points of a file belong to no source; choose an attack", at: "\(path).attack.name")
        }
    }
}

/// One item of `transfer.models`.
package struct TransferModel: Section {
    /// In results and file names; nil for one that says what it is.
    package var name: String?
    /// nil, here and below, for that of the run.
    package var model: ModelSection?
    package var kernel: CovarianceKind?
    package var time: Double?
    package var diagReg: Double?
    /// Training points that are left out from the beginning.
    package var skip = 0
    /// Training points behind them; nil for all that are left.
    package var train: Int?

    package init() {}

    static let keys: [Key<Self>] = [
        Key("name", \.name, Kind.text.orWord("auto"), "in results; auto: of what the model is, e.g. fc-3-t100"),
        Key(
            "model", \.model, Kind.section.optional, "the net, with the keys of model", isWritten: { $0.model != nil }),
        Key("kernel", \.kernel, Kind.choice().orWord("same"), "ntk | nngp | same as the run"),
        Key("time", \.time, Kind.number(minimum: 0, infinite: true).orWord("same"), "training time, or same"),
        Key("diag_reg", \.diagReg, Kind.number(minimum: 0).orWord("same"), "ridge, or same"),
        Key("skip", \.skip, .integer(atLeast: 0), "training points that are left out from the beginning"),
        Key(
            "train", \.train, Kind.integer(atLeast: 1).orWord("all"),
            "training points behind them"),
    ]

    mutating func complete(at path: String, _ reading: inout Reading) {
        guard let name else { return }
        let isPlain = name.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "._-".contains($0)) }
        if !isPlain || name.isEmpty {
            reading.note("must be of letters, digits, '.', '_' and '-'", at: "\(path).name")
        }
    }
}

extension Configuration {
    /// The kernels of `transfer`, that of the run first, with labels that differ: the second of a name is `fc-3.2`.
    package var transferModels: [(label: String, model: TransferModel)] {
        let models = [TransferModel()] + (transfer?.models ?? [])
        return Array(zip(DistinctNames.make(given: models.map(\.name), own: models.map(label)), models))
    }

    /// The covariance that a model predicts with, and its training time.
    func kind(of model: TransferModel) -> CovarianceKind { model.kernel ?? kernel.type }
    func time(of model: TransferModel) -> Double { model.time ?? inference.time.max() ?? .infinity }

    /// Whether a model has its Gram matrix from that of the run.
    func isOwn(_ model: TransferModel) -> Bool {
        (model.model ?? self.model) == self.model && kind(of: model) == kernel.type
    }

    /// The net, and what the model does not have from the run.
    private func label(of model: TransferModel) -> String {
        let parts: [String?] = [
            (model.model ?? self.model).label, model.kernel?.rawValue,
            model.time.map { "t" + ($0.isInfinite ? "inf" : PlainValue.format($0)) },
            model.diagReg.map { "reg" + PlainValue.format($0) }, model.train.map { "n\($0)" },
            model.skip > 0 ? "from\(model.skip)" : nil,
        ]
        return parts.compactMap { $0 }.joined(separator: "-")
    }
}

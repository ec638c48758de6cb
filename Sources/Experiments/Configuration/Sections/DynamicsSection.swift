import Compute
import Networks

/// `dynamics`: the empirical NTK of the nets of `networks` along their training.
package struct DynamicsSection: Section {
    /// Which points the kernel is taken at.
    package enum Batch: String, Choice {
        /// Those of the step that comes next.
        case current
        /// The first training points, always the same.
        case fixed
    }

    package enum Inputs: String, Choice {
        /// Perturbed as the step perturbs them; clean before training.
        case trained
        case clean
    }

    /// Names of nets; nil for all.
    package var networks: [String]?
    /// Epochs that are done; nil for all from 0 on.
    package var epochs: [Int]?
    /// Further moments, by the number of steps that are done.
    package var steps: [Int] = []
    package var batch = Batch.current
    package var inputs = Inputs.trained
    /// nil for the whole batch.
    package var points: Int? = 250
    package var form = EmpiricalNTK.Form.full
    /// Eigenvectors of the top part.
    package var top = 20
    package var concentration = [1, 5, 20, 100]
    /// nil for that of `compute`.
    package var precision: Precision?
    /// Bytes of derivatives that are alive together.
    package var memoryLimit = 1 << 30

    package init() {}

    static let keys: [Key<Self>] = [
        Key(
            "networks", \.networks, Kind.text.list(atLeast: 1, of: "names of nets").orWord("all"),
            "names of nets of networks, or all"),
        Key(
            "epochs", \.epochs, Kind.integer(atLeast: 0).list(of: "epochs").orWord("all"),
            "numbers of epochs behind which the kernel is taken, 0 being the untrained net; or all"),
        Key("steps", \.steps, Kind.integer(atLeast: 0).list(of: "steps"), "further moments, in steps of training"),
        Key(
            "batch", \.batch, .choice(),
            "current (the batch of the step that comes next) | fixed (the first training points)"),
        Key("inputs", \.inputs, .choice(), "trained (perturbed as in training; clean at step 0) | clean"),
        Key(
            "points", \.points, Kind.integer(atLeast: 1).orWord("all"),
            "first points of the batch; all: a whole batch of training"),
        Key("form", \.form, .choice(), "full (all pairs of outputs) | trace (the mean over equal outputs)"),
        Key("top", \.top, .integer(atLeast: 1), "eigenvectors of the top part; the others make the bottom part"),
        Key(
            "concentration", \.concentration, Kind.integer(atLeast: 1).list(of: "numbers of eigenvalues"),
            "p of the shares of the largest p eigenvalues in the squared norm"),
        Key(
            "precision", \.precision, Kind.choice().orWord("auto"),
            "of the kernels: auto (that of compute) | float32 | float64; inner products and spectra are float64"),
        Key("memory_limit", \.memoryLimit, .integer(atLeast: 1), "bytes of derivatives that are alive together"),
    ]

    mutating func complete(at path: String, _ reading: inout Reading) {
        concentration = Set(concentration).sorted()
        steps = Set(steps).sorted()
        epochs = epochs.map { Set($0).sorted() }
    }
}

extension EmpiricalNTK.Form: Choice {}

extension DynamicsSection {
    /// Whether the section looks at a net.
    func includes(_ name: String) -> Bool { networks?.contains(name) ?? true }

    /// Moments of a net, in steps that are done, in order.
    /// - Parameters:
    ///   - epochs: of the net.
    ///   - length: steps of an epoch.
    func moments(epochs: Int, length: Int) -> [Int] {
        let whole = (self.epochs ?? Array(0...epochs)).map { $0 * length }
        return Set(whole + steps).sorted()
    }
}

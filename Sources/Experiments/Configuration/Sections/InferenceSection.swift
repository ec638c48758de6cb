import Inference

/// `inference`: regression and gradient flow.
package struct InferenceSection: Section {
    /// Ridges, at least one.
    package var diagReg = [0.0]
    package var diagRegScale = KernelRegression.DiagRegScale.relative
    /// Training times, at least one; infinity is the fully trained net.
    package var time = [Double.infinity]
    package var learningRate = 1.0
    package var lossNormalization = KernelRegression.LossNormalization.size
    package var solver = KernelRegression.Solver.auto

    package init() {}

    static let keys: [Key<Self>] = [
        Key("diag_reg", \.diagReg, Kind.number(minimum: 0).oneOrMany(of: "ridges"), "ridge, or a list of ridges"),
        Key("diag_reg_scale", \.diagRegScale, .choice(), "relative (times the mean diagonal) | absolute"),
        Key(
            "time", \.time, Kind.number(minimum: 0, infinite: true).oneOrMany(of: "times"),
            "training time: inf, a number, or a list"),
        Key("learning_rate", \.learningRate, .number(minimum: 0, exclusive: true), "of the gradient flow"),
        Key(
            "loss_normalization", \.lossNormalization, .choice(),
            "size (exponent lr t/(n k)) | none (exponent lr t)"),
        Key("solver", \.solver, .choice(), "auto | cholesky | eigh | cg | lanczos (finite times by products)"),
    ]

    mutating func complete(at path: String, _ reading: inout Reading) {
        for (index, one) in time.enumerated() where time[..<index].contains(one) {
            reading.note("time \(PlainValue.format(one)) is given twice", at: "\(path).time.\(index)")
        }
        for (index, one) in diagReg.enumerated() where diagReg[..<index].contains(one) {
            reading.note("diag_reg \(PlainValue.format(one)) is given twice", at: "\(path).diag_reg.\(index)")
        }
    }
}

extension InferenceSection {
    /// The regression's options with one of the ridges.
    package func options(diagReg: Double) -> KernelRegression.Options {
        .init(
            diagReg: diagReg, diagRegScale: diagRegScale, learningRate: learningRate,
            lossNormalization: lossNormalization, solver: solver)
    }
}

extension KernelRegression.DiagRegScale: Choice {}
extension KernelRegression.LossNormalization: Choice {}
extension KernelRegression.Solver: Choice {}

import Compute

/// Why an attack could not be run. One sentence: what failed, on what, why, what to do.
public enum AttackError: Error, Sendable, Equatable, CustomStringConvertible {
    case compute(ComputeError)
    /// A point lies outside the box, so no perturbation of it is allowed.
    case outsideBox(point: Int, value: Double, box: ClosedRange<Double>)
    /// Labels or classes that do not fit the model.
    case usage(String)
    /// A model's output is infinite or not a number.
    case notFinite(point: Int, output: Int, value: Double)
    /// An input gradient holds an infinity or a NaN.
    case gradientNotFinite(point: Int)
    case cancelled

    public var description: String {
        switch self {
        case .compute(let error): error.description
        case .outsideBox(let point, let value, let box):
            "point \(point) holds \(value), outside the box [\(box.lowerBound), \(box.upperBound)]: "
                + "set the attack's clip to none or data.scale to unit"
        case .usage(let sentence): sentence
        case .notFinite(let point, let output, let value):
            "output \(output) at point \(point) is \(value): an attack needs finite predictions; "
                + "check the weights and, for float32 kernels of large inputs, set compute.precision: float64"
        case .gradientNotFinite(let point):
            "the input gradient at point \(point) is not finite: check the weights and, for float32 kernels of large "
                + "inputs, set compute.precision: float64"
        case .cancelled: "the attack was cancelled"
        }
    }
}

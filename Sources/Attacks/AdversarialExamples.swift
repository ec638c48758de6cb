import Compute

/// What an attack made of a set of points.
package struct AdversarialExamples: Sendable, Equatable {
    /// x̃, shape of the points; numbers that the model's precision holds.
    package var points: Tensor<Double>
    /// f(x), [m, k].
    package var cleanPredictions: Tensor<Double>
    /// f(x̃), [m, k].
    package var predictions: Tensor<Double>
    /// The objective at x and at x̃, [m].
    package var cleanValues: [Double]
    package var values: [Double]
    /// Whether x̃ has left the class it should leave, or reached the one it should reach, [m].
    package var isSuccessful: [Bool]
    /// ‖x̃ − x‖ in the threat model's norm, subtracted in the model's precision, [m].
    package var distances: [Double]
    /// Points that had not reached the goal and whose first gradient was zero everywhere.
    package var zeroGradients: Int
    /// Gradient steps times points.
    package var pointSteps: Int
    /// Seconds, start to end.
    package var seconds: Double

    /// The examples of consecutive batches as one set.
    package static func joined(_ parts: [AdversarialExamples]) -> AdversarialExamples? {
        guard let first = parts.first else { return nil }
        func join(_ tensors: [Tensor<Double>]) -> Tensor<Double> {
            let count = tensors.reduce(0) { $0 + $1.count }
            return Tensor(shape: [count] + tensors[0].shape.dropFirst(), elements: tensors.flatMap(\.elements))
        }
        return parts.count == 1
            ? first
            : AdversarialExamples(
                points: join(parts.map(\.points)), cleanPredictions: join(parts.map(\.cleanPredictions)),
                predictions: join(parts.map(\.predictions)), cleanValues: parts.flatMap(\.cleanValues),
                values: parts.flatMap(\.values), isSuccessful: parts.flatMap(\.isSuccessful),
                distances: parts.flatMap(\.distances), zeroGradients: parts.reduce(0) { $0 + $1.zeroGradients },
                pointSteps: parts.reduce(0) { $0 + $1.pointSteps }, seconds: parts.reduce(0) { $0 + $1.seconds })
    }
}

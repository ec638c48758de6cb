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
    /// Whether x and x̃ have left the class that they should leave, or reached the one that they should reach, [m].
    package var isCleanSuccessful: [Bool]
    package var isSuccessful: [Bool]
    /// ‖x̃ − x‖ in the threat model's norm, subtracted in the model's precision, [m].
    package var distances: [Double]
    /// Points that had not reached the goal and whose first gradient was zero everywhere.
    package var zeroGradients: Int
    /// Points from elsewhere that lie outside the ball or the box; the clean ones stand for them.
    package var outside = 0
    /// Gradient steps times points that were computed.
    package var pointSteps: Int
    /// Seconds, start to end.
    package var seconds: Double

    /// Seconds of a device for one step of one point; nil where none was computed.
    package var secondsPerStepAndPoint: Double? { pointSteps > 0 ? seconds / Double(pointSteps) : nil }

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
                values: parts.flatMap(\.values), isCleanSuccessful: parts.flatMap(\.isCleanSuccessful),
                isSuccessful: parts.flatMap(\.isSuccessful),
                distances: parts.flatMap(\.distances), zeroGradients: parts.reduce(0) { $0 + $1.zeroGradients },
                outside: parts.reduce(0) { $0 + $1.outside },
                pointSteps: parts.reduce(0) { $0 + $1.pointSteps }, seconds: parts.reduce(0) { $0 + $1.seconds })
    }

    /// Takes over what another attack found for some rows, where it succeeded or has the larger objective; counts and
    /// seconds add up.
    mutating func improve(_ rows: [Int], with other: AdversarialExamples) {
        let better = rows.indices.filter {
            (other.isSuccessful[$0] ? 1 : 0, other.values[$0])
                > (isSuccessful[rows[$0]] ? 1 : 0, values[rows[$0]])
        }
        points.replace(better.map { rows[$0] }, with: other.points.rows(better))
        predictions.replace(better.map { rows[$0] }, with: other.predictions.rows(better))
        for place in better {
            values[rows[place]] = other.values[place]
            isSuccessful[rows[place]] = other.isSuccessful[place]
            distances[rows[place]] = other.distances[place]
        }
        zeroGradients += other.zeroGradients
        pointSteps += other.pointSteps
        seconds += other.seconds
    }

    /// The mean of x̃ − x over the points of each class.
    /// - Parameters:
    ///   - clean: x, [m, …].
    ///   - outputs: k.
    /// - Returns: [max(k, 2), …]; of a binary task −1 first. 0 where a class has no points.
    package func meanPerturbations(from clean: Tensor<Double>, labels: [Int], outputs: Int) -> Tensor<Double> {
        let size = points.stride
        let classes = max(outputs, 2)
        var sums = [Double](repeating: 0, count: classes * size)
        var counts = [Int](repeating: 0, count: classes)
        for (i, label) in labels.enumerated() {
            let place = outputs == 1 ? (label + 1) / 2 : label
            counts[place] += 1
            for j in 0..<size { sums[place * size + j] += points.elements[i * size + j] - clean.elements[i * size + j] }
        }
        for index in sums.indices { sums[index] /= Double(max(counts[index / size], 1)) }
        return Tensor(shape: [classes] + points.shape.dropFirst(), elements: sums)
    }
}

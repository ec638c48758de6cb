import Compute

/// A model's outputs at the points of a batch, and what the objective says of them.
struct Outputs {
    /// [m, k].
    private(set) var predictions: Tensor<Double>
    /// The objective, [m].
    private(set) var values: [Double]

    /// - Parameter classes: the class each point shall leave or reach, [m].
    init(
        _ predictions: Tensor<Double>, _ objective: AttackObjective, _ classes: [Int], _ batch: AttackBatch
    ) throws(AttackError) {
        let k = predictions.stride
        precondition(predictions.count == classes.count, "\(predictions.count) predictions, \(classes.count) points")
        if let bad = predictions.elements.firstIndex(where: { !$0.isFinite }) {
            throw .notFinite(
                point: batch.firstIndex + bad / k, output: bad % k, value: predictions.elements[bad])
        }
        self.predictions = predictions
        values = classes.enumerated().map { i, label in
            objective.value(predictions.elements[i * k..<(i + 1) * k], label: label)
        }
    }

    func row(_ i: Int) -> ArraySlice<Double> {
        predictions.elements[i * predictions.stride..<(i + 1) * predictions.stride]
    }

    func predicted(_ i: Int) -> Int { Labels.predicted(row(i)) }

    /// Whether the class has been left, or reached where targeted.
    func reaches(_ goal: AttackGoal, _ label: Int, _ i: Int) -> Bool { (predicted(i) == label) == goal.isTargeted }

    /// Directions of ascent in the outputs, [m, k].
    func directions(_ objective: AttackObjective, _ classes: [Int]) -> Tensor<Double> {
        Tensor(
            shape: predictions.shape,
            elements: classes.enumerated().flatMap { objective.direction(row($0.offset), label: $0.element) })
    }

    mutating func replace(_ i: Int, with other: Outputs) {
        let k = predictions.stride
        predictions.elements.replaceSubrange(i * k..<(i + 1) * k, with: other.row(i))
        values[i] = other.values[i]
    }
}

extension AttackGoal {
    /// The class each point shall leave or reach, [m].
    /// - Parameter predictions: at the clean points, [m, k].
    func classes(
        _ batch: AttackBatch, _ predictions: Tensor<Double>, outputs: Int
    ) throws(AttackError) -> [Int] {
        let labels = batch.labels
        precondition(predictions.stride == outputs, "predictions \(predictions.shape) of a model of \(outputs) outputs")
        let allowed = outputs == 1 ? "-1 and 1" : "0 to \(outputs - 1)"
        if let bad = labels?.firstIndex(where: { !Labels.isClass($0, outputs: outputs) }) {
            throw .usage(
                "point \(batch.firstIndex + bad) has the label \(labels?[bad] ?? 0): the model knows \(allowed)")
        }
        switch self {
        case .label:
            guard let labels else {
                throw .usage("an attack on labels needs labels: give test targets or set target: prediction")
            }
            return labels
        case .prediction: return Labels.predicted(predictions.elements, outputs: outputs)
        case .targeted(let label):
            guard Labels.isClass(label, outputs: outputs) else {
                throw .usage("an attack is targeted at class \(label): the model knows \(allowed)")
            }
            return Array(repeating: label, count: predictions.count)
        }
    }
}

extension AttackBatch {
    /// Refuses points that are not finite or lie outside the box.
    func check(_ numbers: [Double], _ box: ClosedRange<Double>?) throws(AttackError) {
        for (index, number) in numbers.enumerated() {
            let point = firstIndex + index / points.stride
            guard number.isFinite else { throw .usage("point \(point) holds \(number): an attack needs finite inputs") }
            if let box, !box.contains(number) { throw .outsideBox(point: point, value: number, box: box) }
        }
    }
}

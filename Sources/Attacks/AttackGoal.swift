import Compute

/// Which class an attack moves points away from, or towards.
public enum AttackGoal: Sendable, Equatable {
    /// Away from the true label.
    case label
    /// Away from what the model predicts at the clean point; needs no labels.
    case prediction
    /// Towards a class: −1 or 1 for a binary task, else 0..<k.
    case targeted(Int)

    var isTargeted: Bool {
        if case .targeted = self { true } else { false }
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
                "point \(batch.indices[bad]) has the label \(labels?[bad] ?? 0): the model knows \(allowed)")
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

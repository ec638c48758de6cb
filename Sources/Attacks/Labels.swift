/// What predictions mean as classes.
///
/// A binary task has one output and the classes −1 and +1; f ≥ 0 is the class +1, so f = 0 counts as +1.
/// With k > 1 outputs the classes are 0, …, k − 1 and the largest output wins, the first of them on ties.
package enum Labels {
    /// The class that the outputs of one point stand for.
    package static func predicted(_ outputs: ArraySlice<Double>) -> Int {
        guard outputs.count > 1 else { return outputs[outputs.startIndex] >= 0 ? 1 : -1 }
        var best = outputs.startIndex
        for index in outputs.indices where outputs[index] > outputs[best] { best = index }
        return best - outputs.startIndex
    }

    /// The classes of all points.
    /// - Parameters:
    ///   - predictions: [m, k], row-major.
    ///   - outputs: k.
    package static func predicted(_ predictions: [Double], outputs: Int) -> [Int] {
        stride(from: 0, to: predictions.count, by: outputs).map { predicted(predictions[$0..<$0 + outputs]) }
    }

    /// Share of points whose predicted class is `labels`; 0 for no points.
    package static func accuracy(_ predictions: [Double], outputs: Int, labels: [Int]) -> Double {
        let right = zip(predicted(predictions, outputs: outputs), labels).count { $0 == $1 }
        return labels.isEmpty ? 0 : Double(right) / Double(labels.count)
    }

    /// Mean of y f for a binary task, else of the output of the label minus the mean of the other outputs, which is
    /// y f where two outputs are f/2 and −f/2.
    ///
    /// Source: Tsilivis & Kempe 2022, draft, eq. 3 and 4.
    package static func correlation(_ predictions: [Double], outputs: Int, labels: [Int]) -> Double {
        var sum = 0.0
        for (i, label) in labels.enumerated() {
            let row = predictions[i * outputs..<(i + 1) * outputs]
            if outputs == 1 {
                sum += Double(label) * row[row.startIndex]
            } else {
                let own = row[row.startIndex + label]
                sum += own - (row.reduce(0, +) - own) / Double(outputs - 1)
            }
        }
        return labels.isEmpty ? 0 : sum / Double(labels.count)
    }

    /// Share of the most frequent class; 0 for no points.
    package static func majority(_ labels: [Int]) -> Double {
        let counts = Dictionary(labels.map { ($0, 1) }, uniquingKeysWith: +)
        return labels.isEmpty ? 0 : Double(counts.values.max() ?? 0) / Double(labels.count)
    }

    static func isClass(_ label: Int, outputs: Int) -> Bool {
        outputs == 1 ? abs(label) == 1 : (0..<outputs).contains(label)
    }
}

import Attacks
import Compute

/// Reasons to doubt the attacks of one setting together.
struct AttackDoubts {
    /// As attacks count them; nil where there are none.
    let labels: [Int]?
    /// Predictions at the test points, [m, k].
    let clean: Tensor<Double>

    /// - Parameter records: of all attacks, in their order.
    func sentences(_ records: [ResultRecord]) -> [String] {
        chance + strongerBlackBoxes(records)
    }

    private var chance: [String] {
        guard let labels else {
            return ["there are no test labels, so nothing is known of accuracy, clean or robust"]
        }
        let accuracy = Labels.accuracy(clean.elements, outputs: clean.stride, labels: labels)
        let majority = Labels.majority(labels)
        guard accuracy <= majority, !labels.isEmpty else { return [] }
        return [
            "clean accuracy \(accuracy) is not above the share \(majority) of the most frequent class: robust accuracy "
                + "says nothing about a predictor that knows nothing"
        ]
    }

    /// Gradients that mislead let an attack without gradients win.
    private func strongerBlackBoxes(_ records: [ResultRecord]) -> [String] {
        let scores = records.filter { $0.kind == nil && $0.number("robust_accuracy") != nil }
        var sentences: [String] = []
        for score in scores where isBlackBox(score) {
            let others = scores.filter {
                !isBlackBox($0) && $0["norm"] == score["norm"] && $0["eps"] == score["eps"]
            }
            guard let best = others.compactMap({ $0.number("robust_accuracy") }).min(),
                let accuracy = score.number("robust_accuracy"), accuracy < best
            else { continue }
            sentences.append(
                "\(score.text("attack") ?? "") at eps \(score.text("eps") ?? "") leaves a robust accuracy of \(accuracy) "
                    + "without any gradient, all attacks with gradients leave \(best) or more: gradients may mislead, or "
                    + "those attacks are too weak")
        }
        return sentences
    }

    private func isBlackBox(_ record: ResultRecord) -> Bool {
        let name = record.text("attack") ?? ""
        return name.hasPrefix("square") || name.hasPrefix("file")
    }
}

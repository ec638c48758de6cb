/// The records of a transfer matrix in their places: what the terminal's table and the report's heat maps show.
struct TransferMatrices {
    /// Models whose adversarial points were tried: rows of `robust`.
    let sources: [String]
    /// Models on which they were tried: columns of `robust`.
    let targets: [String]
    /// Accuracy of each target at the clean points.
    let clean: [Double?]
    /// Accuracy of each target at the points of each source.
    let robust: [[Double?]]
    /// Models whose loss gradients were compared: rows and columns of `cosines`.
    let models: [String]
    /// Mean cosines of the loss gradients of two models, 1 on the diagonal.
    let cosines: [[Double?]]

    /// - Parameter records: of a run; those of other kinds are left out.
    init(_ records: [ResultRecord]) {
        let accuracies = records.filter { $0.kind == .transfer }
        let similarities = records.filter { $0.kind == .gradientSimilarity }
        let targets = accuracies.compactMap { $0.text("target") }.distinct()
        sources = accuracies.compactMap { $0.text("source") }.distinct()
        self.targets = targets
        clean = targets.map { target in
            accuracies.first { $0.text("target") == target }?.number("clean_accuracy")
        }
        robust = sources.map { source in
            targets.map { target in
                accuracies.first { ($0.text("source"), $0.text("target")) == (source, target) }?
                    .number("robust_accuracy")
            }
        }
        let models =
            (similarities.compactMap { $0.text("model") } + similarities.compactMap { $0.text("other") }).distinct()
        self.models = models
        cosines = models.map { one in
            models.map { other -> Double? in
                if one == other { return 1 }
                let pair = similarities.first {
                    ($0.text("model"), $0.text("other")) == (one, other)
                        || ($0.text("model"), $0.text("other")) == (other, one)
                }
                return pair?.number("mean_cosine")
            }
        }
    }
}

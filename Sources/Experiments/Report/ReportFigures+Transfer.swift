import Figures

/// Which model's adversarial points fool which, and how alike their loss gradients are.
extension ReportFigures {
    func transferFigures() -> [Figure] { [transferFigure(), gradientFigure()].compactMap { $0 } }

    private func transferFigure() -> Figure? {
        let records = contents.records(.transfer)
        guard let first = records.first, let attack = first.text("attack"), let eps = first.number("eps"),
            let norm = first.text("norm")
        else { return nil }
        let sources = records.compactMap { $0.text("source") }.distinct()
        let targets = records.compactMap { $0.text("target") }.distinct()
        func percent(_ record: ResultRecord?, _ key: String) -> Double? { record?.number(key).map { 100 * $0 } }
        let clean = targets.map { target in
            percent(records.first { $0.text("target") == target }, "clean_accuracy")
        }
        let values = sources.map { source in
            targets.map { target in
                percent(
                    records.first { ($0.text("source"), $0.text("target")) == (source, target) }, "robust_accuracy")
            }
        }
        let name = "\(Self.attackName(attack)), ε = \(ResultsTable.radius(eps)) in \(Self.normName(norm))"
        return figure(
            "transfer", "Accuracy at the adversarial points of other models",
            "Row: the model that \(name) was run on. Column: the model that is asked. First row: accuracy at the clean "
                + "test points. On the diagonal each model meets its own adversarial points.",
            HeatMap(
                rows: ["clean"] + sources, columns: targets, values: [clean] + values, title: "accuracy (%)",
                domain: 0...100))
    }

    private func gradientFigure() -> Figure? {
        let records = contents.records(.gradientSimilarity)
        guard let first = records.first else { return nil }
        let models = (records.compactMap { $0.text("model") } + records.compactMap { $0.text("other") }).distinct()
        let values = models.map { one in
            models.map { other -> Double? in
                if one == other { return 1 }
                let pair = records.first {
                    ($0.text("model"), $0.text("other")) == (one, other)
                        || ($0.text("model"), $0.text("other")) == (other, one)
                }
                return pair?.number("mean_cosine")
            }
        }
        let lowest = values.joined().compactMap { $0 }.min() ?? 0
        return figure(
            "transfer-gradients", "Likeness of the loss gradients of different models",
            "Cosine between the input gradients of the loss of two models at the same clean test point, mean over "
                + "\(Int(first.number("images") ?? 0)) points.",
            HeatMap(
                rows: models, columns: models, values: values, title: "mean cosine", domain: min(0, lowest)...1))
    }
}

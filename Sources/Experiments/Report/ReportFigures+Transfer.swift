import Figures

/// Which model's adversarial points fool which, and how alike their loss gradients are.
extension ReportFigures {
    func transferFigures() -> [Figure] {
        let matrices = TransferMatrices(contents.records)
        return [transferFigure(matrices), gradientFigure(matrices)].compactMap { $0 }
    }

    private func transferFigure(_ matrices: TransferMatrices) -> Figure? {
        guard let first = contents.records(.transfer).first, let attack = first.text("attack"),
            let eps = first.number("eps"), let norm = first.text("norm")
        else { return nil }
        func percents(_ row: [Double?]) -> [Double?] { row.map { $0.map { 100 * $0 } } }
        let name = "\(Self.attackName(attack)), ε = \(ResultsTable.radius(eps)) in \(Self.normName(norm))"
        return figure(
            "transfer", "Accuracy at the adversarial points of other models",
            "Row: the model that \(name) was run on. Column: the model that is asked. First row: accuracy at the clean "
                + "test points. On the diagonal each model meets its own adversarial points.",
            HeatMap(
                rows: ["clean"] + matrices.sources, columns: matrices.targets,
                values: ([matrices.clean] + matrices.robust).map(percents), title: "accuracy (%)", domain: 0...100))
    }

    private func gradientFigure(_ matrices: TransferMatrices) -> Figure? {
        guard let first = contents.records(.gradientSimilarity).first else { return nil }
        let lowest = matrices.cosines.joined().compactMap { $0 }.min() ?? 0
        return figure(
            "transfer-gradients", "Likeness of the loss gradients of different models",
            "Cosine between the input gradients of the loss of two models at the same clean test point, mean over "
                + "\(Int(first.number("images") ?? 0)) points.",
            HeatMap(
                rows: matrices.models, columns: matrices.models, values: matrices.cosines, title: "mean cosine",
                domain: min(0, lowest)...1))
    }
}

import Figures

/// The figures that the contents of a run folder allow, in the order of the report.
struct ReportFigures {
    let contents: RunContents

    var configuration: Configuration { contents.configuration }

    func all() throws -> [Figure] {
        try accuracyFigures() + featureFigures() + networkFigures() + transferFigures() + imageFigures()
    }

    /// - Parameters:
    ///   - text: what is shown; the setting of the run follows.
    ///   - net: nil where the figure names its nets itself.
    ///   - ridges: those that are shown, nil for the first one.
    func figure(
        _ name: String, _ title: String, _ text: String, _ content: any FigureContent,
        net: String? = nil, ridges: [Double]? = nil
    ) -> Figure {
        let shown = ridges ?? Array(configuration.inference.diagReg.prefix(1))
        return Figure(
            name: name, title: title, caption: text + " " + contents.setting(net: net, ridges: shown), content: content)
    }

    /// Accuracies in percent, with the binomial standard error.
    static func point(_ x: Double, _ share: Double, _ count: Double?) -> LineChart.Point {
        let error = count.map { 100 * (share * (1 - share) / max($0, 1)).squareRoot() }
        return LineChart.Point(x, 100 * share, error: error)
    }

    static let errors = "Bars are binomial standard errors."

    /// `FGSM` of `fgsm`, `PGD-2` of the second pgd, `Square`: only names that stand for other words are in capitals.
    static func attackName(_ label: String) -> String {
        if label.hasPrefix("deepfool") { return "DeepFool" + label.dropFirst(8) }
        return ["square", "taylor", "universal", "auto", "file"].contains { label.hasPrefix($0) }
            ? label.prefix(1).uppercased() + label.dropFirst() : label.uppercased()
    }

    static func normName(_ norm: String) -> String {
        switch norm {
        case "linf": "ℓ∞"
        case "l2": "ℓ2"
        case "l1": "ℓ1"
        default: norm
        }
    }
}

extension Sequence where Element: Hashable {
    /// In the order in which they come first.
    func distinct() -> [Element] {
        var known: Set<Element> = []
        return filter { known.insert($0).inserted }
    }
}

import Figures
import Foundation

/// Spectrum, usefulness and robustness of eigen-features, truncated machines, likeness of architectures.
extension ReportFigures {
    func featureFigures() throws -> [Figure] {
        let features = contents.records(.feature)
        guard !features.isEmpty else { return [] }
        var figures = try [spectrumFigure()].compactMap { $0 }
        for setting in attackSettings(features) {
            for measure in FeatureMeasure.allCases {
                figures += [usefulnessFigure(features, setting, measure)].compactMap { $0 }
            }
        }
        for setting in attackSettings(contents.records(.machine)) {
            figures += [truncationFigure(setting)].compactMap { $0 }
        }
        return figures + [similarityFigure()].compactMap { $0 }
    }

    /// What usefulness and robustness are measured by.
    enum FeatureMeasure: String, CaseIterable {
        case accuracy, correlation

        var factor: Double { self == .accuracy ? 100 : 1 }

        func axis(_ title: String) -> Axis {
            Axis(title + (self == .accuracy ? "accuracy (%)" : "correlation"))
        }
    }

    /// An attack at a radius.
    struct AttackSetting: Hashable {
        let attack: String
        let eps: Double

        var name: String { "\(ReportFigures.attackName(attack)), ε = \(ResultsTable.radius(eps))" }

        func matches(_ record: ResultRecord) -> Bool {
            record.text("attack") == attack && record.number("eps") == eps
        }
    }

    /// Each attack with its smallest radius that is not 0.
    func attackSettings(_ records: [ResultRecord]) -> [AttackSetting] {
        records.compactMap { $0.text("attack") }.distinct().compactMap { attack in
            let radii = records.filter { $0.text("attack") == attack }.compactMap { $0.number("eps") }.filter { $0 > 0 }
            return radii.min().map { AttackSetting(attack: attack, eps: $0) }
        }
    }

    /// Where there is one net only, it is that of `model`.
    var onlyNet: String? { architectures.count == 1 ? configuration.model.headline : nil }

    var architectures: [String] { contents.records(.feature).compactMap { $0.text("architecture") }.distinct() }

    /// What stands in the names of an architecture's arrays.
    func suffix(_ architecture: String) -> String {
        contents.records(.featuresSummary).first { $0.text("architecture") == architecture }?.text("suffix") ?? ""
    }

    private func spectrumFigure() throws -> Figure? {
        var series: [LineChart.Series] = []
        for architecture in architectures {
            guard let values = try contents.array("eigenvalues" + suffix(architecture))?.elements else { continue }
            // Rounding can put the last ones of a singular matrix below zero, where the axis has no place.
            let points = Self.sparse(values.count).filter { values[$0] > 0 }
                .map { LineChart.Point(Double($0 + 1), values[$0]) }
            series.append(LineChart.Series(architecture, colour: series.count, points))
        }
        guard !series.isEmpty else { return nil }
        return figure(
            "spectrum", "Spectrum of the Gram matrix",
            "Eigenvalues of Θ(X, X), the largest first, on logarithmic axes; long spectra are drawn at places evenly "
                + "spread in the logarithm.",
            LineChart(
                x: Axis("Index of the feature + 1", .log), y: Axis("Eigenvalue", .log),
                panels: [.init("", series)], hasMarks: false),
            net: onlyNet)
    }

    /// At most 300 of `count` indices, evenly spread in the logarithm.
    private static func sparse(_ count: Int) -> [Int] {
        guard count > 300 else { return Array(0..<count) }
        return (0..<300).map { Int(pow(Double(count), Double($0) / 299).rounded()) - 1 }.distinct()
    }

    private func usefulnessFigure(
        _ features: [ResultRecord], _ setting: AttackSetting, _ measure: FeatureMeasure
    ) -> Figure? {
        let summaries = contents.records(.featuresSummary)
        let panels = architectures.compactMap { architecture -> ScatterChart.Panel? in
            let points = features.filter { $0.text("architecture") == architecture && setting.matches($0) }
                .compactMap { point($0, measure) }
            guard !points.isEmpty else { return nil }
            let summary = summaries.first { $0.text("architecture") == architecture }
            let isShown = measure == .accuracy || configuration.features?.criterion == .correlation
            let thresholds = isShown ? (summary?.number("useful_above"), summary?.number("robust_above")) : (nil, nil)
            return ScatterChart.Panel(
                architecture, points,
                thresholds: (thresholds.0.map { $0 * measure.factor }, thresholds.1.map { $0 * measure.factor }))
        }
        guard !panels.isEmpty else { return nil }
        let measured = measure == .accuracy ? "accuracy" : "correlation with the label"
        let suffix = measure == .accuracy ? "" : "-correlation"
        let thresholdText =
            panels.contains { $0.thresholds.x != nil }
            ? " Dotted: above these a feature counts as useful, and as robust." : ""
        return figure(
            "usefulness-robustness-\(setting.attack)\(suffix)",
            "Usefulness and robustness of the features, by \(measure.rawValue)",
            "One bullet for each eigen-feature: its \(measured) at the clean test points, and under \(setting.name), on "
                + "this feature alone. Larger and further from the ground: larger eigenvalue. On the line an attack "
                + "changes nothing.\(thresholdText)",
            ScatterChart(
                x: measure.axis("Usefulness: "), y: measure.axis("Robustness: "), magnitude: "Eigenvalue",
                panels: panels, hasDiagonal: true),
            net: onlyNet)
    }

    private func point(_ record: ResultRecord, _ measure: FeatureMeasure) -> ScatterChart.Point? {
        guard let clean = record.number("clean_" + measure.rawValue),
            let robust = record.number("robust_" + measure.rawValue), let eigenvalue = record.number("eigenvalue"),
            let index = record.number("feature")
        else { return nil }
        return ScatterChart.Point(
            clean * measure.factor, robust * measure.factor, magnitude: eigenvalue, name: "feature \(Int(index))")
    }

    private func truncationFigure(_ setting: AttackSetting) -> Figure? {
        let records = contents.records(.machine).filter { setting.matches($0) }
        let names = [
            ("top", "Top p"), ("complement", "All but the top p"), ("useful", "p most useful"),
            ("robust", "p most robust"), ("full", "All"),
        ]
        let panels = architectures.compactMap { architecture -> LineChart.Panel? in
            let own = records.filter { $0.text("architecture") == architecture }
            let series = names.enumerated().flatMap { colour, name -> [LineChart.Series] in
                let machines = own.filter { $0.text("machine") == name.0 }
                func points(_ key: String) -> [LineChart.Point] {
                    machines.compactMap { record in
                        guard let p = record.number("features"), let share = record.number(key) else { return nil }
                        return Self.point(p, share, record.number("count"))
                    }
                }
                guard !machines.isEmpty else { return [] }
                return [
                    LineChart.Series(name.1, colour: colour, points("clean_accuracy")),
                    LineChart.Series(name.1, colour: colour, isDashed: true, points("robust_accuracy")),
                ]
            }
            // All features alone make no curve.
            return own.allSatisfy { $0.text("machine") == "full" } ? nil : LineChart.Panel(architecture, series)
        }
        guard !panels.isEmpty else { return nil }
        return figure(
            "truncation-\(setting.attack)", "Machines made of some of the features",
            "Accuracy of sums of p features: solid at the clean test points, dashed under \(setting.name), on the machine "
                + "itself, at the half of the test points that did not choose the useful and the robust features. "
                + Self.errors,
            LineChart(
                x: Axis("Number of features p", .log), y: .percent("Accuracy"), panels: panels,
                meaning: (solid: "clean", dashed: "under attack")),
            net: onlyNet)
    }

    private func similarityFigure() -> Figure? {
        let records = contents.records(.similarity)
        guard !records.isEmpty else { return nil }
        let names = (records.compactMap { $0.text("architecture") } + records.compactMap { $0.text("other") })
            .distinct()
        let values = names.map { one in
            names.map { other -> Double? in
                if one == other { return 1 }
                let cosines = records.filter {
                    ($0.text("architecture"), $0.text("other")) == (one, other)
                        || ($0.text("architecture"), $0.text("other")) == (other, one)
                }.compactMap { $0.number("mean_cosine") }
                return cosines.isEmpty ? nil : cosines.reduce(0, +) / Double(cosines.count)
            }
        }
        let lowest = values.flatMap { $0 }.compactMap { $0 }.min() ?? 0
        let count = Set(records.compactMap { $0.number("feature") }).count
        return figure(
            "similarity", "Likeness of the features of different nets",
            "Cosine between the input gradients of the same feature in two nets, mean over the first \(count) features and "
                + "\(Int(records.first?.number("images") ?? 0)) images.",
            HeatMap(
                rows: names, columns: names, values: values, title: "mean cosine",
                domain: min(0.9, (lowest * 10).rounded(.down) / 10)...1))
    }
}

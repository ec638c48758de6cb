import Foundation

/// What `ntk run` prints when it is done: the setting, the accuracies with their standard errors, and what the features
/// say together.
package struct ResultsTable: Sendable {
    /// Label and text of the lines above the tables.
    private let heading: [(label: String, text: String)]
    private let records: [ResultRecord]

    /// - Parameter records: of those of attacks and times the keys `diag_reg`, `time`, `attack`, `norm`, `eps`, `count`
    ///   (test points), `clean_accuracy` and `robust_accuracy` are shown, of `features-summary` those that
    ///   FeatureResults.md names; absent ones are shown as `-`.
    package init(_ configuration: Configuration, _ records: [ResultRecord]) {
        heading = configuration.headline
        self.records = records
    }

    /// Text that ends with a line end.
    package func render(_ style: TextStyle = .plain) -> String {
        let width = heading.map { $0.label.count }.max() ?? 0
        let lines = heading.map { style.dim(Self.pad($0.label, width)) + "  " + $0.text }
        let attacks = records.filter { $0.kind == nil }
        let summaries = records.filter { $0.kind == .featuresSummary && $0.text("features") != nil }
        let tables = [(Self.attackColumns, attacks), (Self.featureColumns, summaries)].map { columns, records in
            Self.table(columns, records, style)
        }
        return (lines + tables.flatMap { $0 }).joined(separator: "\n") + "\n"
    }

    private struct Column {
        let title: String
        let isNumeric: Bool
        /// Left out where no record has anything to say.
        let isOptional: Bool
        let text: (ResultRecord) -> String?

        init(
            _ title: String, isNumeric: Bool = true, isOptional: Bool = false,
            _ text: @escaping (ResultRecord) -> String?
        ) {
            self.title = title
            self.isNumeric = isNumeric
            self.isOptional = isOptional
            self.text = text
        }
    }

    private static func accuracyColumn(
        _ title: String, _ key: String, of count: String = "count", isOptional: Bool = false
    ) -> Column {
        Column(title, isOptional: isOptional) { accuracy($0.number(key), $0.number(count)) }
    }

    /// Of a finite net; nil for the kernel.
    private static func net(_ record: ResultRecord) -> String? {
        record.text("network").map { name in
            name + (record.text("seed").map { $0 == "0" ? "" : "-s\($0)" } ?? "")
        }
    }

    private static var attackColumns: [Column] {
        [
            Column("net", isNumeric: false, isOptional: true, net),
            Column("diag_reg", isOptional: true) { $0.text("diag_reg") }, Column("time") { $0.text("time") },
            Column("attack", isNumeric: false) { $0.text("attack") },
            Column("norm", isNumeric: false) { $0.text("norm") }, Column("eps") { $0.number("eps").map(radius) },
            accuracyColumn("clean accuracy", "clean_accuracy"), accuracyColumn("robust accuracy", "robust_accuracy"),
        ]
    }

    /// The features of each net, and the best machine made of some of them beside that of all.
    private static var featureColumns: [Column] {
        func integer(_ title: String, _ key: String, isOptional: Bool = true) -> Column {
            Column(title, isOptional: isOptional) { $0.number(key).map { String(Int($0)) } }
        }
        return [
            Column("net", isNumeric: false) { $0.text("architecture") },
            Column("attack", isNumeric: false) { $0.text("attack") }, Column("eps") { $0.number("eps").map(radius) },
            integer("features", "features"), integer("useful", "useful"),
            integer("non-robust", "useful_non_robust"),
            Column("rank corr.", isOptional: true) {
                $0.number("rank_correlation_robust").map { String(format: "%.3f", $0) }
            },
            accuracyColumn("all, robust", "full_robust_accuracy", of: "machine_count", isOptional: true),
            Column("best machine", isNumeric: false, isOptional: true) { record in
                record.text("best_machine").map { "\($0) \(Int(record.number("best_machine_features") ?? 0))" }
            },
            accuracyColumn("clean", "best_machine_clean_accuracy", of: "machine_count", isOptional: true),
            accuracyColumn("robust", "best_machine_robust_accuracy", of: "machine_count", isOptional: true),
        ]
    }

    /// The lines of a table behind an empty one; none without records.
    private static func table(_ all: [Column], _ records: [ResultRecord], _ style: TextStyle) -> [String] {
        guard !records.isEmpty else { return [] }
        let columns = all.filter { column in !column.isOptional || records.contains { column.text($0) != nil } }
        let rows = records.map { record in columns.map { $0.text(record) ?? "-" } }
        let header = columns.map(\.title)
        let widths = header.indices.map { column in ([header] + rows).map { $0[column].count }.max() ?? 0 }
        func line(_ cells: [String]) -> String {
            let padded = cells.indices.map { pad(cells[$0], widths[$0], atStart: columns[$0].isNumeric) }
            return padded.joined(separator: "  ").trimmedEnd
        }
        return ["", style.bold(line(header))] + rows.map(line)
    }

    /// A share of `count` points in percent, with the binomial standard error √(p(1−p)/count); nil for nil.
    static func accuracy(_ share: Double?, _ count: Double?) -> String? {
        share.map { accuracy($0, count) }
    }

    static func accuracy(_ share: Double, _ count: Double?) -> String {
        guard let count, count > 0 else { return String(format: "%.1f %%", 100 * share) }
        let error = (share * (1 - share) / count).squareRoot()
        return String(format: "%.1f ± %.1f %%", 100 * share, 100 * error)
    }

    /// `8/255`, `0.5/255` where the radius is a multiple of half a grey level, unless three digits say it as well.
    static func radius(_ eps: Double) -> String {
        let short = String(format: "%.3g", eps)
        let levels = (eps * 510).rounded() / 2
        guard levels > 0, levels < 255, abs(eps * 255 - levels) < 1e-5,
            Double(short).map({ abs($0 - eps) > 1e-7 * eps }) ?? true
        else { return String(format: "%g", eps) }
        return String(format: "%g/255", levels)
    }

    static func pad(_ text: String, _ width: Int, atStart: Bool = false) -> String {
        let blanks = String(repeating: " ", count: max(0, width - text.count))
        return atStart ? blanks + text : text + blanks
    }
}

extension String {
    /// Without blanks at the end.
    fileprivate var trimmedEnd: String {
        guard let last = lastIndex(where: { $0 != " " }) else { return "" }
        return String(self[...last])
    }
}

extension Configuration {
    /// Model, data and method, one line each.
    package var headline: [(label: String, text: String)] {
        let classes = data.classes.map { "classes " + $0.map { $0.word }.joined(separator: ", ") } ?? "all classes"
        let train = data.train.map { String($0) } ?? "all"
        let test = data.test.map { String($0) } ?? "all"
        let ridges = inference.diagReg.map { PlainValue.format($0) }.joined(separator: ", ")
        let ridge = inference.diagReg == [0] ? "no ridge" : "diag_reg \(ridges)"
        let nets = networkNames.map { ("net", $0) }
        let shared = ("data", "\(data.name.rawValue), \(classes), \(train) train, \(test) test")
        guard kernel.predicting != nil else {
            return nets + [shared, ("method", compute.precision.rawValue)]
        }
        return [("model", model.headline)] + nets + [
            shared, ("method", "\(kernel.type.rawValue), \(compute.precision.rawValue), \(ridge)"),
        ]
    }
}

extension ModelSection {
    var headline: String {
        let stds = String(format: "W_std %.4g, b_std %.4g", weightStd, biasStd)
        guard let preset else {
            return descriptions.map { LayerWriter.write($0).flow }.joined(separator: " · ") + ", " + stds
        }
        let depth = preset.hasDepth ? ", depth \(self.depth)" : ""
        return "\(preset.rawValue)\(depth), \(LayerWriter.write(activation).flow), \(stds)"
    }
}

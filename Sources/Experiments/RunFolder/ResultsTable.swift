import Foundation

/// What `ntk run` prints when it is done: the setting, and the accuracies with their standard errors.
package struct ResultsTable: Sendable {
    /// Label and text of the lines above the table.
    private let heading: [(label: String, text: String)]
    private let records: [ResultRecord]

    /// - Parameter records: those of attacks and times, with the keys `time`, `attack`, `norm`, `eps`, `count` (test
    ///   points), `clean_accuracy` and
    ///   `robust_accuracy`; absent ones are shown as `-`.
    package init(_ configuration: Configuration, _ records: [ResultRecord]) {
        heading = configuration.headline
        self.records = records.filter { $0.kind == nil }
    }

    /// Text that ends with a line end.
    package func render(_ style: TextStyle = .plain) -> String {
        let width = heading.map { $0.label.count }.max() ?? 0
        var lines = heading.map { style.dim(Self.pad($0.label, width)) + "  " + $0.text }
        guard !records.isEmpty else { return lines.joined(separator: "\n") + "\n" }
        let header = ["time", "attack", "norm", "eps", "clean accuracy", "robust accuracy"]
        let isNumeric = [true, false, false, true, true, true]
        let rows = records.map(Self.row)
        let widths = header.indices.map { column in ([header] + rows).map { $0[column].count }.max() ?? 0 }
        func line(_ cells: [String]) -> String {
            let padded = cells.indices.map { Self.pad(cells[$0], widths[$0], atStart: isNumeric[$0]) }
            return padded.joined(separator: "  ").trimmedEnd
        }
        lines += ["", style.bold(line(header))] + rows.map(line)
        return lines.joined(separator: "\n") + "\n"
    }

    private static func row(_ record: ResultRecord) -> [String] {
        let count = record.number("count")
        return [
            record.text("time") ?? "-", record.text("attack") ?? "-", record.text("norm") ?? "-",
            record.number("eps").map(radius) ?? "-", accuracy(record.number("clean_accuracy"), count),
            accuracy(record.number("robust_accuracy"), count),
        ]
    }

    /// A share of `count` points in percent, with the binomial standard error √(p(1−p)/count).
    static func accuracy(_ share: Double?, _ count: Double?) -> String {
        guard let share else { return "-" }
        guard let count, count > 0 else { return String(format: "%.1f %%", 100 * share) }
        let error = (share * (1 - share) / count).squareRoot()
        return String(format: "%.1f ± %.1f %%", 100 * share, 100 * error)
    }

    /// `8/255` where the radius is a whole number of grey levels.
    static func radius(_ eps: Double) -> String {
        let levels = (eps * 255).rounded()
        if levels >= 1, levels < 255, abs(eps * 255 - levels) < 1e-5 { return "\(Int(levels))/255" }
        return String(format: "%g", eps)
    }

    private static func pad(_ text: String, _ width: Int, atStart: Bool = false) -> String {
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
        return [
            ("model", model.headline),
            ("data", "\(data.name.rawValue), \(classes), \(train) train, \(test) test"),
            ("method", "\(kernel.type.rawValue), \(compute.precision.rawValue), \(ridge)"),
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

import Foundation

/// What `ntk run` prints of a transfer matrix: the accuracy of each model at the adversarial points of each other, and the
/// cosines of their loss gradients.
package struct TransferTable: Sendable {
    private let accuracies: [ResultRecord]
    private let cosines: [ResultRecord]

    /// - Parameter records: of a run; those of other kinds are left out.
    package init(_ records: [ResultRecord]) {
        accuracies = records.filter { $0.kind == .transfer }
        cosines = records.filter { $0.kind == .gradientSimilarity }
    }

    /// Text that ends with a line end; empty without a transfer matrix.
    package func render(_ style: TextStyle = .plain) -> String { (accuracyLines(style) + cosineLines(style)).joined() }

    private func accuracyLines(_ style: TextStyle) -> [String] {
        guard !accuracies.isEmpty else { return [] }
        let sources = accuracies.compactMap { $0.text("source") }.distinct()
        let targets = accuracies.compactMap { $0.text("target") }.distinct()
        func percent(_ record: ResultRecord?, _ key: String) -> String {
            record?.number(key).map { ResultsTable.accuracy($0, nil) } ?? "-"
        }
        let clean = targets.map { target in
            percent(accuracies.first { $0.text("target") == target }, "clean_accuracy")
        }
        let rows = sources.map { source in
            targets.map { target in
                percent(
                    accuracies.first { ($0.text("source"), $0.text("target")) == (source, target) }, "robust_accuracy")
            }
        }
        return Self.matrix("accuracy of", targets, [("clean", clean)] + zip(sources, rows), style)
    }

    private func cosineLines(_ style: TextStyle) -> [String] {
        guard !cosines.isEmpty else { return [] }
        let models = (cosines.compactMap { $0.text("model") } + cosines.compactMap { $0.text("other") }).distinct()
        let rows = models.map { one in
            models.map { other -> String in
                let pair = cosines.first {
                    ($0.text("model"), $0.text("other")) == (one, other)
                        || ($0.text("model"), $0.text("other")) == (other, one)
                }
                return one == other ? "1.000" : pair?.number("mean_cosine").map(Self.cosine) ?? "-"
            }
        }
        return Self.matrix("cosine with", models, Array(zip(models, rows)), style)
    }

    private static func cosine(_ value: Double) -> String { String(format: "%.3f", value) }

    /// An empty line, a header and the rows, in columns of one width each.
    private static func matrix(
        _ corner: String, _ columns: [String], _ rows: [(String, [String])], _ style: TextStyle
    ) -> [String] {
        let table = [[corner] + columns] + rows.map { [$0.0] + $0.1 }
        let widths = table[0].indices.map { column in table.map { $0[column].count }.max() ?? 0 }
        let lines = table.map { cells in
            cells.indices.map { ResultsTable.pad(cells[$0], widths[$0], atStart: $0 > 0) }.joined(separator: "  ")
        }
        return ["\n", style.bold(lines[0]) + "\n"] + lines.dropFirst().map { $0 + "\n" }
    }
}

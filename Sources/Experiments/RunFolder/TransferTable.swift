import Foundation

/// What `ntk run` prints of a transfer matrix: the accuracy of each model at the adversarial points of each other, and the
/// cosines of their loss gradients.
package struct TransferTable: Sendable {
    private let matrices: TransferMatrices

    /// - Parameter records: of a run; those of other kinds are left out.
    package init(_ records: [ResultRecord]) { matrices = TransferMatrices(records) }

    /// Text that ends with a line end; empty without a transfer matrix.
    package func render(_ style: TextStyle = .plain) -> String { (accuracyLines(style) + cosineLines(style)).joined() }

    private func accuracyLines(_ style: TextStyle) -> [String] {
        guard !matrices.sources.isEmpty else { return [] }
        func percents(_ row: [Double?]) -> [String] { row.map { $0.map { ResultsTable.accuracy($0, nil) } ?? "-" } }
        let rows = zip(matrices.sources, matrices.robust.map(percents))
        return Self.matrix("accuracy of", matrices.targets, [("clean", percents(matrices.clean))] + rows, style)
    }

    private func cosineLines(_ style: TextStyle) -> [String] {
        guard !matrices.models.isEmpty else { return [] }
        let rows = matrices.cosines.map { row in row.map { $0.map(Self.cosine) ?? "-" } }
        return Self.matrix("cosine with", matrices.models, Array(zip(matrices.models, rows)), style)
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

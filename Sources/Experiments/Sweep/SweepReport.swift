import Figures
import Foundation
import Storage

/// `report.html` of a sweep: the results of all runs in one table, each with the way to its own report.
package struct SweepReport {
    private let folder: SweepFolder
    private let results: SweepResults
    private let question: String

    /// - Throws: `RunFolderError` where the folder is damaged.
    package init(_ folder: SweepFolder, _ results: SweepResults) throws {
        self.folder = folder
        self.results = results
        do throws(ConfigurationError) {
            question = try Configuration.load(folder.path + "/sweep.yaml", environment: [:]).question
        } catch { throw RunFolderError(.inaccessible, "'\(folder.path)/sweep.yaml' cannot be read (\(error))") }
    }

    /// Path of the page.
    package var path: String { folder.path + "/report.html" }

    /// Replaces the page.
    package func write() throws(StorageError) {
        let heading = question.isEmpty ? "Sweep \(folder.path.split(separator: "/").last ?? "")" : question
        let lead = Markup.tag(
            "ul", ["class": "lead"],
            [
                .tag("li", [:], "\(results.done) of \(results.total) runs are done"),
                .tag("li", [:], "varied: " + results.parameters.joined(separator: ", ")),
            ])
        try AtomicFile.write(
            ReportPage.document(heading, [.tag("h1", [:], heading), lead] + missing + table), to: path)
    }

    private var missing: [Markup] {
        guard results.done < results.total else { return [] }
        return [
            .tag(
                "p", ["class": "notice"],
                "This sweep is not complete: what follows are the runs that are done.")
        ]
    }

    private var table: [Markup] {
        let rows = results.rows
        guard rows.count > 1 else { return [] }
        let cells = rows.dropFirst().map { row in
            row.enumerated().map { column, text in
                column == 0 ? Markup.tag("a", ["href": "\(text)/report.html"], text) : .text(text)
            }
        }
        return [
            .tag("h2", [:], "Results"),
            ReportTables.table(
                "Accuracy with binomial standard errors", header: rows[0], cells, textColumns: 1),
        ]
    }
}

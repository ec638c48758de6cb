import ArgumentParser
import Experiments

struct CollectCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "collect", abstract: "Merge the results of a sweep's runs into one table.",
        discussion: """
            Prints it, and writes results.csv, metrics.jsonl, report.html and ledger.sqlite into the sweep's folder.

            Example: ntk collect runs/depth-and-ridge
            """)

    @Argument(help: "The folder of a sweep.")
    var sweep: String

    func run() async throws {
        try await Failure.report {
            let folder = try SweepFolder(existing: sweep)
            let results = try Self.collect(folder, try SweepLedger(folder))
            print(TextTable.render(results.rows))
            if results.done < results.total {
                Terminal.error.write("ntk: \(results.done) of \(results.total) runs are done")
            }
        }
    }

    /// Brings table and ledger up to date.
    @discardableResult
    static func collect(_ folder: SweepFolder, _ ledger: SweepLedger) throws -> SweepResults {
        try ledger.learn(from: folder)
        for run in folder.runs {
            guard let state = try folder.status(of: run)?.state else { continue }
            try ledger.update(run.id) { $0.state = state.rawValue }
        }
        let results = try SweepResults(folder)
        try results.write(folder)
        try SweepReport(folder, results).write()
        try ledger.replace(results)
        return results
    }
}

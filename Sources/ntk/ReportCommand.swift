import ArgumentParser
import Experiments

struct ReportCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "report", abstract: "Draw the reports of runs again.",
        discussion: """
            Writes report.html and the figures of each run from what its folder holds, and prints the page's path. Runs \
            do this themselves when they end.

            Example: ntk report runs/quickstart/*
            """)

    @Argument(help: "Run folders.")
    var runs: [String]

    func run() async throws {
        try await Failure.report {
            for path in runs {
                let report = try Report(RunFolder(existing: path))
                try report.write()
                print(report.path)
            }
        }
    }
}

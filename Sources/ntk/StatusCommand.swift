import ArgumentParser
import Experiments
import Foundation

struct StatusCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status", abstract: "Say how far runs are.",
        discussion: """
            Each run's state (running, done, failed or interrupted), its stage, the tiles of the stage and the seconds \
            of all stages. A run that was killed still counts as running. A sweep's folder stands for all of its runs.

            Example: ntk status runs/quickstart/*
            """)

    @Argument(help: "Folders of runs or sweeps.")
    var runs: [String]

    func run() async throws {
        try await Failure.report {
            var rows = [["run", "state", "stage", "tiles", "seconds"]]
            var messages: [String] = []
            for path in runs {
                guard SweepFolder.isSweep(path) else {
                    try Self.add(path, to: &rows, &messages)
                    continue
                }
                let sweep = try SweepFolder(existing: path)
                for run in sweep.runs {
                    guard try sweep.status(of: run) != nil else {
                        rows.append([sweep.folder(of: run), "waiting", "-", "-", "-"])
                        continue
                    }
                    try Self.add(sweep.folder(of: run), to: &rows, &messages)
                }
                let done = try sweep.runs.count { try sweep.status(of: $0)?.state == .done }
                messages.append("\(path): \(done) of \(sweep.runs.count) runs are done")
            }
            print(TextTable.render(rows))
            for message in messages { print(message) }
        }
    }

    private static func add(_ path: String, to rows: inout [[String]], _ messages: inout [String]) throws {
        let folder = try RunFolder(existing: path)
        let status = try folder.status()
        let seconds = try folder.manifest().seconds.values.reduce(0, +)
        rows.append([
            path, status?.state.rawValue ?? "new", status?.stage ?? "-",
            status.map { $0.tilesTotal > 0 ? "\($0.tilesDone) of \($0.tilesTotal)" : "-" } ?? "-",
            seconds > 0 ? String(format: "%.1f", seconds) : "-",
        ])
        if let message = status?.message { messages.append("\(path): \(message)") }
    }
}

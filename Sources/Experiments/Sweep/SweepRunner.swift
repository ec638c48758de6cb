import Foundation
import Storage

/// Starts the runs of a sweep that are not done, each as a process of its own, several at a time.
///
/// Of the runs that share a Gram matrix one goes first and computes it; the others wait for its end.
package struct SweepRunner: Sendable {
    let folder: SweepFolder
    let ledger: SweepLedger
    /// Path of `ntk`.
    let program: String
    /// Runs at a time.
    let jobs: Int
    /// Whether other runs are started after one has failed.
    let keepsGoing: Bool
    let observer: RunObserver

    package init(
        _ folder: SweepFolder, _ ledger: SweepLedger, program: String, jobs: Int, keepsGoing: Bool,
        observer: @escaping RunObserver
    ) {
        precondition(jobs > 0, "\(jobs) runs at a time")
        self.folder = folder
        self.ledger = ledger
        self.program = program
        self.jobs = jobs
        self.keepsGoing = keepsGoing
        self.observer = observer
    }

    /// Does what is missing.
    /// - Throws: `SweepError.interrupted` where the task was cancelled: the runs in hand have then been stopped and can
    ///   be gone on with; `SweepError.failed` where a run failed.
    package func execute() async throws {
        var queue = SweepQueue(try folder.runs.filter { try folder.status(of: $0)?.state != .done })
        let total = folder.runs.count
        var done = total - queue.count
        var failed: [String] = []
        func tell() {
            let failures = failed.isEmpty ? "" : " · \(failed.count) failed"
            observer(.progress("sweep \(done)/\(total) runs · \(queue.running) running\(failures)"))
        }
        try await withThrowingTaskGroup(of: (SweepFolder.Run, SweepProcess.End).self) { group in
            repeat {
                while queue.running < jobs, !Task.isCancelled, failed.isEmpty || keepsGoing, let run = queue.next() {
                    try prepare(run)
                    let process = SweepProcess(
                        program, ["run", folder.configuration(of: run), "--parent", "\(getpid())"],
                        log: folder.log(of: run))
                    group.addTask { (run, try await process.run()) }
                }
                tell()
                guard let (run, end) = try await group.next() else { break }
                queue.finish(run, isDone: end.code == 0)
                try record(run, end)
                if end.code == 0 {
                    done += 1
                } else if !end.isInterruption {
                    failed.append(run.id)
                    observer(.warning("run \(run.id) (\(run.sets.joined(separator: " "))) failed: \(end.message)"))
                }
            } while true
        }
        if Task.isCancelled || (failed.isEmpty && done < total) {
            throw SweepError.interrupted(done: done, total: total)
        }
        if !failed.isEmpty { throw SweepError.failed(failed.count, done: done, total: total, path: folder.path) }
    }

    private func prepare(_ run: SweepFolder.Run) throws {
        try folder.linkGram(of: run)
        try ledger.update(run.id) { entry in
            entry.state = "running"
            entry.attempts += 1
        }
    }

    private func record(_ run: SweepFolder.Run, _ end: SweepProcess.End) throws {
        try ledger.update(run.id) { entry in
            entry.state = end.code == 0 ? "done" : end.isInterruption ? "interrupted" : "failed"
            entry.seconds = end.seconds
            entry.exitCode = Int(end.code)
            entry.message = end.code == 0 || end.isInterruption ? nil : end.message
        }
    }
}

/// Why a sweep ended before all of its runs were done. One sentence.
package enum SweepError: Error, Sendable, CustomStringConvertible {
    case interrupted(done: Int, total: Int)
    case failed(Int, done: Int, total: Int, path: String)

    package var description: String {
        switch self {
        case .interrupted(let done, let total):
            "interrupted after \(done) of \(total) runs; run the same command with --resume to go on"
        case .failed(let count, let done, let total, let path):
            "\(count) of \(total) runs failed and \(done) are done; see \(path)/logs, mend the cause and run the same "
                + "command with --resume"
        }
    }
}

/// Which run of a sweep comes next. Values only.
struct SweepQueue {
    private var waiting: [SweepFolder.Run]
    private(set) var running = 0
    /// Gram matrices that are complete.
    private var complete: Set<String> = []
    /// Gram matrices that a run is computing.
    private var begun: Set<String> = []

    init(_ runs: [SweepFolder.Run]) { waiting = runs }

    var count: Int { waiting.count }

    /// Takes the first run whose Gram matrix nobody else is computing; nil where there is none now.
    mutating func next() -> SweepFolder.Run? {
        let index = waiting.firstIndex { !$0.sharesGram || complete.contains($0.gram) || !begun.contains($0.gram) }
        guard let index else { return nil }
        let run = waiting.remove(at: index)
        running += 1
        if run.sharesGram { begun.insert(run.gram) }
        return run
    }

    mutating func finish(_ run: SweepFolder.Run, isDone: Bool) {
        running -= 1
        if isDone { complete.insert(run.gram) } else { begun.remove(run.gram) }
    }
}

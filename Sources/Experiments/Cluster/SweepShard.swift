import Foundation
import Storage

/// The runs of one shard of a sweep, one after the other, each as a process of its own.
///
/// What becomes of them goes to `events/<shard>.jsonl`, from which ``SweepLedger`` learns of it: its own file is locked in
/// ways that network file systems do not keep.
package struct SweepShard: Sendable {
    /// The end of one run, a line of the events.
    package struct Event: Codable, Sendable, Equatable {
        package let run: String
        package let code: Int
        package let seconds: Double
        /// Why it failed.
        package let message: String?
        package let job: [String: String]
    }

    let folder: SweepFolder
    let shard: Shard
    /// Path of `ntk`.
    let program: String
    let observer: RunObserver

    package init(_ folder: SweepFolder, shard: Shard, program: String, observer: @escaping RunObserver) {
        self.folder = folder
        self.shard = shard
        self.program = program
        self.observer = observer
    }

    /// Does the runs that are not done.
    /// - Throws: `SweepError.interrupted` where the task was cancelled, `SweepError.failed` where runs failed.
    package func execute() async throws {
        try Folder.make(folder.path + "/events")
        let events = try JSONLines(path: "\(folder.path)/events/\(shard.index)-of-\(shard.count).jsonl")
        let runs = folder.runs.enumerated().filter { $0.offset % shard.count == shard.index }.map(\.element)
        var done = 0
        var failed = 0
        for run in runs {
            if Task.isCancelled { throw SweepError.interrupted(done: done, total: runs.count) }
            observer(.progress("shard \(shard): \(done) of \(runs.count) runs are done"))
            guard try folder.status(of: run)?.state != .done else {
                done += 1
                continue
            }
            try folder.linkGram(of: run)
            let process = SweepProcess(
                program, ["run", folder.configuration(of: run), "--parent", "\(getpid())"], log: folder.log(of: run))
            let end = try await process.run()
            try events.append(
                Event(
                    run: run.id, code: Int(end.code), seconds: end.seconds,
                    message: end.code == 0 || end.isInterruption ? nil : end.message, job: JobIdentity.fields))
            if end.isInterruption { throw SweepError.interrupted(done: done, total: runs.count) }
            if end.code == 0 {
                done += 1
            } else {
                failed += 1
                observer(.warning("run \(run.id) (\(run.sets.joined(separator: " "))) failed: \(end.message)"))
            }
        }
        if failed > 0 { throw SweepError.failed(failed, done: done, total: runs.count, path: folder.path) }
    }
}

extension SweepLedger {
    /// Takes in what the shards of a sweep have left in `events`.
    package func learn(from folder: SweepFolder) throws {
        let root = folder.path + "/events"
        let files = (try? FileManager.default.contentsOfDirectory(atPath: root)) ?? []
        let decoder = JSONDecoder()
        var events: [String: [SweepShard.Event]] = [:]
        for file in files.sorted() where file.hasSuffix(".jsonl") {
            for line in try JSONLines.lines(of: "\(root)/\(file)") {
                guard let event = try? decoder.decode(SweepShard.Event.self, from: Data(line.utf8)) else { continue }
                events[event.run, default: []].append(event)
            }
        }
        for (run, events) in events {
            guard let last = events.last else { continue }
            try update(run) { entry in
                entry.attempts = max(entry.attempts, events.count)
                entry.seconds = last.seconds
                entry.exitCode = last.code
                entry.message = last.message
            }
        }
    }
}

import Foundation
import Storage

/// The folder of a sweep: its frozen runs, their folders, the ledger and the table of results.
///
/// | path | holds |
/// |---|---|
/// | `sweep.yaml` | the resolved configuration with the `sweep` section |
/// | `runs.jsonl` | one line a run: id, what it sets, its Gram matrix |
/// | `configs/<id>.yaml` | the run's resolved configuration |
/// | `<id>/` | the run's folder |
/// | `logs/<id>.log` | what the run said on standard error |
/// | `ledger.sqlite` | states of runs, and the results |
/// | `events/*.jsonl` | ends of runs that tasks of a queue have done |
/// | `report.html` | one page with the results of all runs |
/// | `metrics.jsonl`, `results.csv` | the results of all runs, with what each of them sets |
/// | `../grams/<digest>.zarr` | Gram matrices that several runs share, also of sweeps beside this one |
package struct SweepFolder: Sendable {
    /// A frozen run.
    package struct Run: Codable, Sendable, Equatable {
        package let id: String
        /// As the command line spells them: `model.depth=3`.
        package let sets: [String]
        package let gram: String
        /// Whether the Gram matrix is taken from, and kept in, a folder that runs share.
        package let sharesGram: Bool
    }

    package let path: String
    package let runs: [Run]

    /// Freezes the runs of a plan, or opens the folder that was made from the same plan.
    /// - Parameter resume: whether a sweep that is there already may be gone on with.
    /// - Throws: ``RunFolderError`` where the folder holds another sweep, or this one and `resume` is false.
    package init(_ plan: SweepPlan, resume: Bool) throws {
        path = plan.path
        for part in ["", "/configs", "/events"] { AtomicFile.removeLeftovers(in: path + part) }
        let frozen = path + "/sweep.yaml"
        let text = plan.configuration.resolved(comments: true)
        if FileManager.default.fileExists(atPath: frozen) {
            let old = try Self.text(frozen)
            runs = try Self.read(path)
            guard old == text, runs.map(\.id) == plan.runs.map(\.id) else {
                throw RunFolderError(
                    .taken, "the folder '\(path)' holds another sweep; choose another output or remove the folder")
            }
            let done = try runs.count { try Self.status(path, $0)?.state == .done }
            guard resume || done == runs.count else {
                throw RunFolderError(
                    .taken,
                    "the folder '\(path)' holds this sweep, \(done) of \(runs.count) runs are done; "
                        + "add --resume to go on")
            }
            return
        }
        let grams = Dictionary(grouping: plan.runs, by: \.gram)
        let root = Self.grams(path)
        runs = plan.runs.map { run in
            let isShared =
                (grams[run.gram]?.count ?? 0) > 1 || run.configuration.compute.store == .always
                || Folder.exists("\(root)/\(run.gram).zarr")
            return Run(
                id: run.id, sets: run.assignment.overrides, gram: run.gram,
                sharesGram: isShared && run.configuration.compute.store != .never)
        }
        for folder in ["configs", "logs", "events"] { try Folder.make("\(path)/\(folder)") }
        for run in plan.runs {
            try AtomicFile.write(run.configuration.resolved(comments: true), to: "\(path)/configs/\(run.id).yaml")
        }
        let encoder = JSONEncoder.canonical
        let lines = try runs.map { String(decoding: try encoder.encode($0), as: UTF8.self) + "\n" }
        try AtomicFile.write(lines.joined(), to: path + "/runs.jsonl")
        // This file comes last: a folder that has it is complete.
        try AtomicFile.write(text, to: frozen)
    }

    /// Opens a sweep's folder.
    /// - Throws: ``RunFolderError`` where it is none.
    package init(existing path: String) throws {
        guard Self.isSweep(path) else {
            throw RunFolderError(.taken, "'\(path)' is no folder of a sweep: it holds no sweep.yaml")
        }
        self.path = path
        runs = try Self.read(path)
    }

    package static func isSweep(_ path: String) -> Bool {
        FileManager.default.fileExists(atPath: path + "/sweep.yaml")
    }

    package func configuration(of run: Run) -> String { "\(path)/configs/\(run.id).yaml" }

    package func folder(of run: Run) -> String { "\(path)/\(run.id)" }

    package func log(of run: Run) -> String { "\(path)/logs/\(run.id).log" }

    /// How far a run is; nil where it has not begun.
    package func status(of run: Run) throws -> RunStatus? { try Self.status(path, run) }

    /// Points the run's tile store to the one that it shares with others.
    package func linkGram(of run: Run) throws {
        let link = folder(of: run) + "/gram.zarr"
        guard run.sharesGram, (try? FileManager.default.destinationOfSymbolicLink(atPath: link)) == nil else { return }
        try Folder.make("\(Self.grams(path))/\(run.gram).zarr")
        try Folder.make(folder(of: run))
        guard !Folder.exists(link) else { return }
        do {
            try FileManager.default.createSymbolicLink(
                atPath: link, withDestinationPath: "../../grams/\(run.gram).zarr")
        } catch {
            throw RunFolderError(.inaccessible, "'\(link)' cannot be made: \(error.localizedDescription)")
        }
    }

    /// Beside the sweep, so that sweeps share too.
    private static func grams(_ path: String) -> String {
        URL(fileURLWithPath: path).deletingLastPathComponent().appendingPathComponent("grams").path
    }

    private static func status(_ path: String, _ run: Run) throws -> RunStatus? {
        let folder = "\(path)/\(run.id)"
        guard FileManager.default.fileExists(atPath: folder + "/config.yaml") else { return nil }
        return try RunFolder(existing: folder).status()
    }

    private static func read(_ path: String) throws -> [Run] {
        let decoder = JSONDecoder()
        return try JSONLines.lines(of: path + "/runs.jsonl").map { line in
            guard let run = try? decoder.decode(Run.self, from: Data(line.utf8)) else {
                throw RunFolderError(.inaccessible, "'\(path)/runs.jsonl' is damaged; remove the folder")
            }
            return run
        }
    }

    private static func text(_ path: String) throws(RunFolderError) -> String {
        do { return try String(contentsOfFile: path, encoding: .utf8) } catch {
            throw RunFolderError(.inaccessible, "'\(path)' cannot be read: \(error.localizedDescription)")
        }
    }
}

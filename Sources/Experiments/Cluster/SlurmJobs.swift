import Compute
import Datasets
import Foundation
import Storage

/// The jobs that do the work of a configuration through Slurm, in order; each one waits for the one before.
package struct SlurmJobs: Sendable {
    package let scripts: [SlurmScript]
    /// Folder of the run or the sweep.
    package let folder: String

    /// Where the jobs run.
    package struct Place: Sendable {
        package let workingFolder: String
        /// Path of `ntk`.
        package let program: String

        package init(workingFolder: String, program: String) {
            self.workingFolder = workingFolder
            self.program = program
        }
    }

    /// One run: its folder and its tile store are made, the tiles are an array, the rest is one task.
    package init(
        run configuration: Configuration, name: String, launcher: LauncherSection, _ place: Place,
        backends: [any Backend], version: BuildVersion
    ) throws {
        let run = try RunFolder.freeze(configuration, name: name)
        try GramShard.prepare(run, configuration, backends: backends, version: version)
        folder = run.path
        scripts = Self.scripts(
            folder, launcher, place,
            [
                ("gram", launcher.shards, ["worker", folder]), ("solve", nil, ["run", folder + "/config.yaml"]),
            ])
        try write()
    }

    /// A sweep: all runs are frozen, with the stores of the Gram matrices that they share; the tiles of all matrices are
    /// an array, the runs are one, and the table is made at the end.
    package init(
        sweep plan: SweepPlan, resume: Bool, launcher: LauncherSection, _ place: Place, backends: [any Backend],
        version: BuildVersion
    ) throws {
        let sweep = try SweepFolder(plan, resume: resume)
        for (frozen, run) in zip(sweep.runs, plan.runs) {
            try sweep.linkGram(of: frozen)
            guard sweep.gramRuns.contains(frozen) else { continue }
            let folder = try RunFolder.freeze(run.configuration, name: frozen.id)
            try GramShard.prepare(folder, run.configuration, backends: backends, version: version)
        }
        folder = sweep.path
        scripts = Self.scripts(
            folder, launcher, place,
            [
                ("gram", launcher.shards, ["worker", folder]),
                ("runs", min(sweep.runs.count, SlurmScript.largestArray), ["worker", folder, "--stage", "runs"]),
                ("collect", nil, ["collect", folder]),
            ])
        try write()
    }

    private static func scripts(
        _ folder: String, _ launcher: LauncherSection, _ place: Place, _ stages: [(String, Int?, [String])]
    ) -> [SlurmScript] {
        stages.map { stage, tasks, arguments in
            SlurmScript(
                stage: stage, tasks: tasks.map { min($0, SlurmScript.largestArray) }, arguments: arguments,
                launcher: launcher, folder: folder + "/slurm", workingFolder: place.workingFolder,
                program: place.program)
        }
    }

    private func write() throws {
        try Folder.make(folder + "/slurm")
        for script in scripts { try AtomicFile.write(script.text, to: script.path) }
    }
}

extension SweepFolder {
    /// The first run of each Gram matrix: in its folder the matrix is computed.
    package var gramRuns: [Run] {
        runs.enumerated().filter { place, run in !runs[..<place].contains { $0.gram == run.gram } }.map(\.element)
    }
}

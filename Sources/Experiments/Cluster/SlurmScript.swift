/// One batch script for Slurm.
package struct SlurmScript: Sendable {
    /// Name of the job's file and log, e.g. `gram`.
    package let stage: String
    /// Tasks of an array; nil for a single task.
    package let tasks: Int?
    /// Arguments of `ntk`.
    package let arguments: [String]
    let launcher: LauncherSection
    /// Folder of the scripts and logs.
    let folder: String
    /// Folder in which the job runs, and path of `ntk`.
    let workingFolder: String
    let program: String

    /// Largest array that Slurm takes as it comes: indices are below MaxArraySize, 1001.
    package static let largestArray = 1000

    package var path: String { "\(folder)/\(stage).sbatch" }

    /// The program is the last thing that the shell becomes, so that it is the batch process that the queue's signal
    /// reaches.
    package var text: String {
        var lines = ["#!/bin/bash"]
        lines += options.map { "#SBATCH --\($0)" }
        lines += ["set -euo pipefail"] + launcher.setup
        lines.append("export NTK_REQUEUES=\(launcher.maxNumTimeout)")
        if let tasks { lines.append("export NTK_SHARDS=\(tasks)") }
        lines.append("exec " + ([program] + arguments).map(Self.quoted).joined(separator: " "))
        return lines.joined(separator: "\n") + "\n"
    }

    /// Arguments of `sbatch`.
    /// - Parameter job: after whose success this one starts; it is dropped when that can no longer be.
    package func submission(after job: String?) -> [String] {
        ["--parsable"] + (job.map { ["--dependency=afterok:\($0)", "--kill-on-invalid-dep=yes"] } ?? []) + [path]
    }

    private var options: [String] {
        var options = ["job-name=ntk-\(stage)"]
        if let tasks {
            options.append("array=0-\(tasks - 1)" + (launcher.arrayParallelism.map { "%\($0)" } ?? ""))
        }
        options += [
            "requeue", "open-mode=append", "signal=B:TERM@\(launcher.signalDelayS)", "time=\(launcher.timeoutMin)",
            "nodes=1", "ntasks=1", "cpus-per-task=\(launcher.cpusPerTask)",
        ]
        if launcher.gpusPerTask > 0 { options.append("gres=gpu:\(launcher.gpusPerTask)") }
        let named: [(String, String?)] = [
            ("mem", launcher.memGB.map { "\($0)G" }), ("partition", launcher.partition), ("account", launcher.account),
            ("qos", launcher.qos), ("constraint", launcher.constraint),
        ]
        options += named.compactMap { name, value in value.map { "\(name)=\($0)" } }
        options += launcher.additionalParameters.map { option in
            if case .text(let text) = option.value {
                "\(option.key)=\(text)"
            } else {
                "\(option.key)=\(option.value.flow)"
            }
        }
        return options + [
            "chdir=\(workingFolder)", "output=\(folder)/\(stage)_" + (tasks == nil ? "%j.log" : "%A_%a.log"),
        ]
    }

    /// A word of the shell's.
    private static func quoted(_ word: String) -> String {
        let isPlain =
            !word.isEmpty && word.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "/._-=+:@%,".contains($0)) }
        return isPlain ? word : "'" + word.replacing("'", with: "'\\''") + "'"
    }
}

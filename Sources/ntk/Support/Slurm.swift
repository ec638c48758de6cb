import Compute
import Foundation

/// Slurm's own programs.
enum Slurm {
    /// Submits a script.
    /// - Parameter arguments: of `sbatch`, `--parsable` among them.
    /// - Returns: the job's id.
    static func submit(_ arguments: [String]) throws -> String {
        let answer = try run("sbatch", arguments)
        guard answer.code == 0, let id = answer.output.split(whereSeparator: { ";\n ".contains($0) }).first else {
            throw SlurmError("sbatch refused \(arguments.last ?? ""): \(answer.words)")
        }
        return String(id)
    }

    /// Puts a job back into the queue.
    static func requeue(_ job: String) throws {
        let answer = try run("scontrol", ["requeue", job])
        guard answer.code == 0 else { throw SlurmError("scontrol could not requeue \(job): \(answer.words)") }
    }

    private struct Answer {
        let code: Int32
        let output: String
        let error: String

        /// What it said, on one line.
        var words: String {
            let text = error.isEmpty ? output : error
            return text.split(separator: "\n").first.map(String.init) ?? "exit code \(code)"
        }
    }

    private static func run(_ name: String, _ arguments: [String]) throws -> Answer {
        let process = Process()
        // `env` looks the program up as a shell would.
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = [name] + arguments
        let (output, error) = (Pipe(), Pipe())
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = output
        process.standardError = error
        try process.run()
        let written = output.fileHandleForReading.readDataToEndOfFile()
        let complained = error.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        guard process.terminationStatus != 127 else {
            throw SlurmError(
                "\(name) was not found: this is no host of a Slurm cluster; add --dry-run to see the scripts")
        }
        return Answer(
            code: process.terminationStatus, output: String(decoding: written, as: UTF8.self),
            error: String(decoding: complained, as: UTF8.self))
    }
}

/// Why Slurm did not do what it was asked to. One sentence.
struct SlurmError: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}

/// A task that runs out of time puts itself back into the queue, as often as its script allows.
enum SlurmRequeue {
    /// Runs `work`, cancelling it when a signal comes; after SIGTERM in a job of ours the job is queued again.
    static func guarding<T: Sendable>(
        parent: pid_t? = nil, _ work: @escaping @Sendable () async throws -> T
    ) async throws -> T {
        do {
            return try await Interruption.guarding(parent: parent, work)
        } catch {
            // A run that another task has started is that task's to queue again.
            if parent == nil, Interruption.isByQueue, Failure.code(for: error) == .interrupted {
                requeue(ProcessInfo.processInfo.environment)
            }
            throw error
        }
    }

    private static func requeue(_ environment: [String: String]) {
        guard let limit = environment["NTK_REQUEUES"].flatMap({ Int($0) }), let job = job(environment) else { return }
        guard environment["SLURM_RESTART_COUNT"].flatMap({ Int($0) }) ?? 0 < limit else {
            Terminal.error.write("ntk: job \(job) was queued again \(limit) times already; submit it again to go on")
            return
        }
        do {
            try Slurm.requeue(job)
            Terminal.error.write("ntk: job \(job) is queued again")
        } catch {
            Terminal.error.write("ntk: warning: \(error)")
        }
    }

    /// As scontrol names it: `13_0` for a task of an array.
    private static func job(_ environment: [String: String]) -> String? {
        if let array = environment["SLURM_ARRAY_JOB_ID"], let task = environment["SLURM_ARRAY_TASK_ID"] {
            return "\(array)_\(task)"
        }
        return environment["SLURM_JOB_ID"]
    }
}

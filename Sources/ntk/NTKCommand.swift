import ArgumentParser
import CVersion
import Experiments
import Foundation

@main
struct NTKCommand: AsyncParsableCommand {
    static let version = BuildVersion(version: String(cString: ntk_version()), commit: String(cString: ntk_commit()))

    static let configuration = CommandConfiguration(
        commandName: "ntk",
        abstract: "Neural tangent kernels and what they say about adversarial robustness.",
        discussion: "Example: ntk run Configs/quickstart.yaml",
        version: version.version,
        subcommands: [
            RunCommand.self, SweepCommand.self, SubmitCommand.self, WorkerCommand.self, CollectCommand.self,
            StatusCommand.self, ReportCommand.self, ExportCommand.self,
            ConfigCommand.self, DataCommand.self, DevicesCommand.self,
            BenchCommand.self,
        ])

    static func main() async {
        // A file that grows past a limit shall fail with a sentence, not end the program.
        signal(SIGXFSZ, SIG_IGN)
        do {
            let arguments = Array(CommandLine.arguments.dropFirst())
            try CommandWords.check(arguments, of: self)
            var command = try parseAsRoot(arguments)
            if var command = command as? any AsyncParsableCommand {
                try await command.run()
            } else {
                try command.run()
            }
        } catch {
            end(with: error)
        }
    }

    /// Ends the program: with help where it was asked for, else with one sentence.
    private static func end(with error: any Error) -> Never {
        if let error = error as? UsageError {
            Terminal.error.write("ntk: \(error)")
            Foundation.exit(Failure.Code.usage.rawValue)
        }
        guard !(error is ExitCode), exitCode(for: error) == .validationFailure else { exit(withError: error) }
        let sentence = message(for: error).split(separator: "\n").first ?? "the command line makes no sense"
        let usage = fullMessage(for: error).split(separator: "\n").first { $0.hasPrefix("Usage: ") }
        Terminal.error.write(
            "ntk: " + sentence.prefix(1).lowercased() + sentence.dropFirst()
                + (usage.map { "; usage: " + $0.dropFirst(7) } ?? ""))
        Foundation.exit(Failure.Code.usage.rawValue)
    }
}

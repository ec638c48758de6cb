import ArgumentParser
import Experiments
import Foundation

struct SweepCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sweep", abstract: "Do all the runs that the sweep section of a configuration spans.",
        discussion: """
            All runs are resolved and checked before the first one starts. Runs that have their Gram matrix in common \
            compute it once. The results of all runs go to standard output and into results.csv of the sweep's folder.

            Example: ntk sweep Configs/sweeps/depth-and-ridge.yaml --jobs 2
            """)

    @OptionGroup var arguments: ConfigurationArguments

    @Option(help: "Runs at a time.")
    var jobs = 1

    @Flag(help: "Print the runs and start none.")
    var dryRun = false

    @Flag(help: "Go on with a sweep that was interrupted or in which runs failed.")
    var resume = false

    @Flag(help: "Start the other runs after one has failed.")
    var keepGoing = false

    @Flag(help: "No progress and no notes; errors, warnings and results only.")
    var quiet = false

    func validate() throws {
        guard jobs > 0 else { throw ValidationError("--jobs must be at least 1") }
    }

    func run() async throws {
        try await Failure.report {
            let plan = try SweepPlan(arguments.config, overrides: arguments.overrides, version: NTKCommand.version)
            guard !dryRun else {
                print(TextTable.render([["run", "gram", "sets"]] + plan.runs.map(Self.row)))
                return
            }
            let folder = try SweepFolder(plan, resume: resume)
            let ledger = try SweepLedger(folder)
            let runner = SweepRunner(
                folder, ledger, program: try ThisProgram.path(), jobs: jobs, keepsGoing: keepGoing,
                observer: Terminal.error.observer(quiet: quiet))
            defer { Terminal.error.endProgress() }
            do {
                try await Interruption.guarding { try await runner.execute() }
            } catch {
                // What the runs that are done have found is there for whoever looks.
                try CollectCommand.collect(folder, ledger)
                throw error
            }
            let results = try CollectCommand.collect(folder, ledger)
            Terminal.error.endProgress()
            print(TextTable.render(results.rows))
            if !quiet { Terminal.error.write("ntk: \(results.done) runs are done; results in \(folder.path)") }
        }
    }

    private static func row(_ run: SweepRun) -> [String] {
        [run.id, run.gram, run.assignment.overrides.joined(separator: " ")]
    }
}

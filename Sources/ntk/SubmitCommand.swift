import ArgumentParser
import Experiments
import Foundation
import Machine

struct SubmitCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "submit", abstract: "Send a run or a sweep to Slurm.",
        discussion: """
            Everything is resolved, checked and frozen first. The batch scripts go to the folder slurm of the run or \
            sweep: an array for the tiles of Gram matrices, then the run or an array of runs, then the table of a \
            sweep. The section launcher says what each task may use.

            Example: ntk submit Configs/slurm/mnist-20k.yaml --dry-run
            """)

    @OptionGroup var arguments: ConfigurationArguments

    @Flag(help: "Write and print the scripts and the commands; submit nothing.")
    var dryRun = false

    @Flag(help: "Go on with a sweep that was submitted before.")
    var resume = false

    func run() async throws {
        try await Failure.report {
            let configuration = try arguments.load()
            let launcher = configuration.launcher ?? LauncherSection()
            guard launcher.engine == .slurm else {
                throw configuration.error(
                    at: "launcher.engine", "is local; start it with ntk run or ntk sweep, or set it to slurm")
            }
            let jobs = try jobs(configuration, launcher)
            if dryRun {
                for script in jobs.scripts { print("# \(script.path)\n\(script.text)") }
                for line in Self.commands(jobs) { print(line) }
                return
            }
            var previous: String?
            for script in jobs.scripts {
                let job = try Slurm.submit(script.submission(after: previous))
                print("\(script.stage): job \(job)")
                previous = job
            }
            print("results go to \(jobs.folder)")
        }
    }

    private func jobs(_ configuration: Configuration, _ launcher: LauncherSection) throws -> SlurmJobs {
        let place = SlurmJobs.Place(
            workingFolder: FileManager.default.currentDirectoryPath, program: try ThisProgram.path())
        let backends = try Backends().selected(configuration)
        guard configuration.sweep == nil else {
            let plan = try SweepPlan(arguments.config, overrides: arguments.overrides, version: NTKCommand.version)
            return try SlurmJobs(
                sweep: plan, resume: resume, launcher: launcher, place, backends: backends,
                version: NTKCommand.version)
        }
        return try SlurmJobs(
            run: configuration, name: Configuration.name(ofFile: arguments.config), launcher: launcher, place,
            backends: backends, version: NTKCommand.version)
    }

    /// The commands that submit the scripts by hand, each with the id of the one before.
    private static func commands(_ jobs: SlurmJobs) -> [String] {
        jobs.scripts.enumerated().map { place, script in
            let words = ["sbatch"] + script.submission(after: place > 0 ? "$job" : nil)
            return "job=$(\(words.joined(separator: " ")))"
        }
    }
}

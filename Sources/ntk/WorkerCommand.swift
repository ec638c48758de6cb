import ArgumentParser
import Experiments
import Foundation
import Machine

struct WorkerCommand: AsyncParsableCommand {
    enum Stage: String, ExpressibleByArgument, CaseIterable {
        case gram, runs
    }

    static let configuration = CommandConfiguration(
        commandName: "worker", abstract: "Compute one shard of a run's Gram matrix, or of a sweep's.",
        discussion: """
            For the tasks of a queue: which shard it is comes from the environment of Slurm, MPI, Kubernetes, PBS or \
            Grid Engine, or from --shard. Tiles that are there are not computed again, so a task that was stopped is \
            started again as it was. With --stage runs, a shard of a sweep's runs is done instead.

            Example: ntk worker runs/quickstart/3f9a0c1b2d --shard 0/8
            """)

    @Argument(
        help: ArgumentHelp(
            "The folder of a run or of a sweep, as ntk submit or an earlier start has made it.", valueName: "run"))
    var path: String

    @Option(help: ArgumentHelp("Which part of how many, counted from 0.", valueName: "i/n"))
    var shard: String?

    @Option(help: "Of a sweep: tiles of its Gram matrices, or its runs (gram, runs).")
    var stage = Stage.gram

    @Flag(help: "No progress and no notes; errors and warnings only.")
    var quiet = false

    func run() async throws {
        try await Failure.report {
            let shard = try shard.map { try Shard($0) } ?? Shard(environment: ProcessInfo.processInfo.environment)
            let observer = Terminal.error.observer(quiet: quiet)
            if stage == .runs {
                let runs = SweepShard(
                    try SweepFolder(existing: path), shard: shard, program: try ThisProgram.path(), observer: observer)
                try await SlurmRequeue.guarding { try await runs.execute() }
                return
            }
            let folders =
                SweepFolder.isSweep(path)
                ? try Self.gramFolders(SweepFolder(existing: path)) : [try RunFolder(existing: path)]
            for folder in folders {
                let configuration = try folder.configuration()
                let backends = try Backends().selected(configuration) { observer(.note($0)) }
                let work = GramShard(
                    folder, shard: shard, backends: backends, version: NTKCommand.version, observer: observer)
                let outcome = try await SlurmRequeue.guarding { try await work.execute() }
                Terminal.error.endProgress()
                print("\(folder.path): shard \(shard): \(outcome.computed) tiles computed, \(outcome.found) were there")
            }
        }
    }

    private static func gramFolders(_ sweep: SweepFolder) throws -> [RunFolder] {
        try sweep.gramRuns.map { try RunFolder(existing: sweep.folder(of: $0)) }
    }
}

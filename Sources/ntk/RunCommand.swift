import ArgumentParser
import Compute
import Experiments
import Foundation
import Machine
import Scheduling

struct RunCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run",
        abstract: "Do everything that the sections of a configuration ask for, in one run folder.",
        discussion: """
            Results go to standard output and the run folder, progress to standard error. An interrupted run goes \
            on when the same command is given again.

            Example: ntk run Configs/quickstart.yaml data.train=500 inference.diag_reg=1e-3
            """)

    @OptionGroup var arguments: ConfigurationArguments

    @Flag(help: "No progress and no notes; errors, warnings and results only.")
    var quiet = false

    @Flag(name: .shortAndLong, help: "Say what each stage does.")
    var verbose = false

    @Flag(help: "Write what the devices did and when into trace.json of the run folder, for Perfetto.")
    var trace = false

    @Option(help: "Keep this text file up to date for the collector of Prometheus's node exporter.")
    var prometheus: String?

    @Option(help: .private)
    var parent: Int32?

    func run() async throws {
        try await Failure.report {
            let configuration = try arguments.load()
            guard configuration.sweep == nil else {
                throw configuration.error(at: "sweep", "spans several runs; start them with ntk sweep")
            }
            let parent = parent
            let (quiet, verbose) = (quiet, verbose)
            let observer: RunObserver = { event in
                switch event {
                case .stage(let stage):
                    Terminal.error.endProgress()
                    if verbose { Terminal.error.write("ntk: \(stage)") }
                case .progress(let line): if !quiet { Terminal.error.progress(line) }
                case .warning(let sentence): Terminal.error.write("ntk: warning: \(sentence)")
                case .note(let sentence): if !quiet { Terminal.error.write("ntk: \(sentence)") }
                }
            }
            let backends = try Backends().selected(configuration, profiling: trace) { observer(.note($0)) }
            for backend in backends { observer(.note("computing on \(backend.device.summary)")) }
            let run = Run(
                configuration, name: Configuration.name(ofFile: arguments.config), backends: backends,
                version: NTKCommand.version, trace: trace ? RunTrace() : nil, metricsPath: prometheus,
                observer: observer)
            let start = ContinuousClock.now
            let outcome = try await SlurmRequeue.guarding(parent: parent) { try await run.execute() }
            Terminal.error.endProgress()
            print(ResultsTable(outcome.configuration, outcome.records).render(.standardOutput), terminator: "")
            print(TransferTable(outcome.records).render(.standardOutput), terminator: "")
            guard !quiet else { return }
            let seconds = (ContinuousClock.now - start) / .seconds(1)
            Terminal.error.write(
                outcome.isRepeated
                    ? "ntk: nothing to do: \(outcome.folder) holds this run already"
                    : "ntk: done in \(ProgressLine.duration(seconds)) with \(ProcessMemory.peak.byteSize) at most; "
                        + "results in \(outcome.folder)")
        }
    }
}

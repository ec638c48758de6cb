import ArgumentParser

@main
struct NTKCommand: AsyncParsableCommand {
    static let version = "0.1.0"

    static let configuration = CommandConfiguration(
        commandName: "ntk",
        abstract: "Neural tangent kernels and what they say about adversarial robustness.",
        discussion: "Example: ntk run Configs/quickstart.yaml",
        version: version,
        subcommands: [RunCommand.self, ConfigCommand.self, DataCommand.self, DevicesCommand.self, BenchCommand.self])
}

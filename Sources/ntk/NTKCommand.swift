import ArgumentParser

@main
struct NTKCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ntk",
        abstract: "Neural tangent kernels and what they say about adversarial robustness.",
        subcommands: [BenchCommand.self])
}

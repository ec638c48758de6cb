import ArgumentParser
import Experiments

struct ConfigCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "config", abstract: "Check, show or describe configurations.",
        discussion: "Example: ntk config check Configs/quickstart.yaml",
        subcommands: [Check.self, Show.self, Schema.self])

    struct Check: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Name everything that is wrong with a configuration.",
            discussion: "Example: ntk config check Configs/quickstart.yaml")

        @OptionGroup var arguments: ConfigurationArguments

        func run() async throws {
            try await Failure.report {
                let configuration = try arguments.load()
                _ = try configuration.architecture()
                _ = try configuration.networkSummaries()
                print("\(arguments.config): valid")
            }
        }
    }

    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Print the resolved configuration, with every default, and the plan of the net.",
            discussion: "Example: ntk config show Configs/quickstart.yaml model.depth=5")

        @OptionGroup var arguments: ConfigurationArguments

        func run() async throws {
            try await Failure.report {
                let configuration = try arguments.load()
                print(configuration.resolved(comments: true), terminator: "")
                let nets = try configuration.networkSummaries()
                if !nets.isEmpty { print("\n# nets: trained parameters") }
                for line in nets { print("#   \(line)") }
                guard let plan = try configuration.plan() else { return }
                print("\n# plan: what describes a pair behind each step")
                for line in "\(plan)".split(separator: "\n") { print("#   \(line)") }
                guard let solve = try configuration.solvePlan() else { return }
                print("\n# solve: where the Gram matrix lives and how its equations are solved")
                for line in "\(solve)".split(separator: "\n") { print("#   \(line)") }
            }
        }
    }

    struct Schema: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Print the JSON Schema of configurations, for editors.",
            discussion: "Example: ntk config schema > ntk.schema.json")

        func run() async throws { print(Configuration.schema(), terminator: "") }
    }
}

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

        @Argument(help: "The configuration, a YAML file.")
        var config: String

        @Argument(help: ArgumentHelp("Values that win over the file's.", valueName: "key=value"))
        var overrides: [String] = []

        func run() async throws {
            try await Failure.report {
                let configuration = try Configuration.load(config, overrides: overrides)
                _ = try configuration.architecture()
                print("\(config): valid")
            }
        }
    }

    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Print the resolved configuration, with every default.",
            discussion: "Example: ntk config show Configs/quickstart.yaml model.depth=5")

        @Argument(help: "The configuration, a YAML file.")
        var config: String

        @Argument(help: ArgumentHelp("Values that win over the file's.", valueName: "key=value"))
        var overrides: [String] = []

        func run() async throws {
            try await Failure.report {
                print(try Configuration.load(config, overrides: overrides).resolved(comments: true), terminator: "")
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

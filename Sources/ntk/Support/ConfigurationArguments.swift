import ArgumentParser
import Experiments

/// A configuration as commands take it.
struct ConfigurationArguments: ParsableArguments {
    @Argument(help: "The configuration, a YAML file.", completion: .file(extensions: ["yaml", "yml", "json"]))
    var config: String

    @Argument(help: ArgumentHelp("Values that win over the file's.", valueName: "key=value"))
    var overrides: [String] = []

    func load() throws -> Configuration { try Configuration.load(config, overrides: overrides) }
}

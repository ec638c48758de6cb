import Foundation
import TangentKernels

extension Configuration {
    /// Reads a file, what it includes, and the command line's `key.path=value`.
    /// - Throws: everything that is wrong with them.
    package static func load(
        _ path: String, overrides: [String] = [], environment: [String: String] = ProcessInfo.processInfo.environment
    ) throws(ConfigurationError) -> Configuration {
        try make(try Includes.read(path), overrides, environment)
    }

    /// Reads a text that stands for the file `name`.
    package static func parse(
        _ yaml: String, name: String = "config.yaml", overrides: [String] = [], environment: [String: String] = [:]
    ) throws(ConfigurationError) -> Configuration {
        let tree = try SourceNode(yaml: yaml, file: name)
        return try make(try Includes.resolve(tree, name, []), overrides, environment)
    }

    /// Reads a file once and makes a configuration of it for each list of overrides.
    static func load(
        _ path: String, variants: [[String]], environment: [String: String]
    ) throws(ConfigurationError) -> [Configuration] {
        let file = try Includes.read(path)
        var configurations: [Configuration] = []
        for overrides in variants { configurations.append(try make(file, overrides, environment)) }
        return configurations
    }

    private static func make(
        _ file: SourceNode, _ overrides: [String], _ environment: [String: String]
    ) throws(ConfigurationError) -> Configuration {
        var tree = file.isNull ? SourceNode(.mapping([]), file.origin) : file
        var misplaced: [ConfigurationError.Problem] = []
        for text in overrides {
            do throws(ConfigurationError) {
                try Override(text).apply(to: &tree)
            } catch {
                misplaced += error.problems
            }
        }
        let located = tree.located()
        guard case .mapping = located.value else {
            throw ConfigurationError(
                "the configuration must be a map of keys, found \(located.found)", at: located.origin)
        }
        var reading = Reading(located, environment: environment)
        let configuration = read(located, &reading, extra: ["defaults"])
        let problems = misplaced + reading.problems
        guard let configuration, problems.isEmpty else { throw ConfigurationError(problems) }
        return configuration
    }

    /// The net that `model` describes.
    /// - Parameter path: of the section, for errors.
    package func architecture(at path: String = "model") throws(ConfigurationError) -> Architecture {
        do throws(ArchitectureError) {
            return try model.architecture()
        } catch {
            throw self.error(at: model.layers == nil ? path : "\(path).layers", error.description)
        }
    }

    /// Name of a configuration file without folder and extension: `quickstart`.
    package static func name(ofFile path: String) -> String {
        URL(fileURLWithPath: path).deletingPathExtension().lastPathComponent
    }
}

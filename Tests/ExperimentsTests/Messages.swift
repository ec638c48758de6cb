@testable import Experiments

/// The complaints about a configuration, one a line; none if it is fine.
func complaints(
    _ yaml: String, overrides: [String] = [], environment: [String: String] = [:]
) -> [String] {
    do throws(ConfigurationError) {
        _ = try Configuration.parse(yaml, name: "c.yaml", overrides: overrides, environment: environment)
        return []
    } catch {
        return error.problems.map { $0.description }
    }
}

/// Everything that is wrong with a configuration, one sentence each, in the order of files and lines.
///
/// The command line ends with exit code 64 on it.
package struct ConfigurationError: Error, Sendable, Equatable, CustomStringConvertible {
    package struct Problem: Sendable, Equatable, CustomStringConvertible {
        package let origin: Origin
        package let message: String

        package var description: String { "\(origin): \(message)" }
    }

    package let problems: [Problem]

    init(_ problems: [Problem]) { self.problems = problems.sorted(by: Self.precedes) }

    package init(_ message: String, at origin: Origin) { problems = [Problem(origin: origin, message: message)] }

    package var description: String { problems.map { $0.description }.joined(separator: "\n") }

    /// Files by name, their lines in order, then overrides; ties by the text.
    private static func precedes(_ a: Problem, _ b: Problem) -> Bool {
        switch (a.origin, b.origin) {
        case (.file(let fileA, let lineA), .file(let fileB, let lineB)):
            (fileA, lineA ?? 0, a.message) < (fileB, lineB ?? 0, b.message)
        case (.file, .override): true
        case (.override, .file): false
        case (.override(let textA), .override(let textB)): (textA, a.message) < (textB, b.message)
        }
    }
}

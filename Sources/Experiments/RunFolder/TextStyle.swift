/// Whether a text for people is coloured.
package enum TextStyle: Sendable {
    case plain, coloured

    /// Coloured on a terminal, unless `NO_COLOR` is set or the terminal is dumb.
    package static func suited(isTerminal: Bool, environment: [String: String]) -> TextStyle {
        let isRefused = environment["NO_COLOR"].map { !$0.isEmpty } ?? false
        return isTerminal && !isRefused && environment["TERM"] != "dumb" ? .coloured : .plain
    }

    func bold(_ text: String) -> String { self == .coloured ? "\u{1B}[1m\(text)\u{1B}[0m" : text }

    func dim(_ text: String) -> String { self == .coloured ? "\u{1B}[2m\(text)\u{1B}[0m" : text }
}

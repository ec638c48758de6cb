import ArgumentParser
import Experiments

/// The words in front of a command's arguments.
enum CommandWords {
    /// Refuses a word that is no command where one should stand.
    static func check(_ arguments: [String], of command: any ParsableCommand.Type) throws(UsageError) {
        let subcommands = command.configuration.subcommands
        guard !subcommands.isEmpty, let word = arguments.first, !word.hasPrefix("-"), word != "help" else { return }
        guard let next = subcommands.first(where: { $0._commandName == word }) else {
            let names = subcommands.map { $0._commandName }
            throw UsageError(
                "there is no command '\(word)'; there are \(names.joined(separator: ", "))"
                    + Suggestion.clause(for: word, in: names))
        }
        try check(Array(arguments.dropFirst()), of: next)
    }
}

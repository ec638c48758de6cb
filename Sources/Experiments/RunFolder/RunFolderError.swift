/// Why a run folder cannot be used. One sentence.
package struct RunFolderError: Error, Sendable, Equatable, CustomStringConvertible {
    package enum Kind: Sendable, Equatable {
        /// The folder belongs to something else: exit code 64.
        case taken
        /// The file system refused: exit code 74.
        case inaccessible
    }

    package let kind: Kind
    package let description: String

    init(_ kind: Kind, _ description: String) {
        self.kind = kind
        self.description = description
    }
}

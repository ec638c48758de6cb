import Storage

/// Why a data set could not be had. One sentence: what, where, why, what to do.
public struct DatasetError: Error, Sendable, Equatable, CustomStringConvertible {
    public enum Kind: Sendable, Equatable {
        /// No folder that was searched holds it.
        case missing
        /// A file is cut short, corrupt, of another kind, or not the published one.
        case damaged
        /// The system refused to read or write a file.
        case unreadable
        /// A download did not come to its end.
        case download
        /// The files are sound, but what was asked of them cannot be given.
        case request
    }

    public let kind: Kind
    public let description: String

    package init(_ kind: Kind, _ description: String) {
        self.kind = kind
        self.description = description
    }

    package init(_ cause: StorageError) {
        let kind: Kind =
            switch cause.kind {
            case .missing: .missing
            case .unreadable, .unwritable: .unreadable
            case .damaged, .unsupported: .damaged
            }
        self.init(kind, cause.description)
    }

    static func damaged(_ path: String, _ reason: String) -> DatasetError {
        DatasetError(StorageError.damaged(path, reason))
    }

    /// Whether the data are missing or damaged (exit code 74), as against asked for wrongly (64).
    public var isDataAtFault: Bool { kind != .request }
}

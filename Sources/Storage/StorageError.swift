/// Why a file could not be read or written. One sentence: which file, what failed, why, what to do.
public struct StorageError: Error, Sendable, Equatable, CustomStringConvertible {
    public enum Kind: Sendable, Equatable {
        /// The file or its folder does not exist.
        case missing
        /// The system refused to open or read it.
        case unreadable
        /// The system refused to create, write, flush or rename it.
        case unwritable
        /// It ends early or its contents contradict themselves.
        case damaged
        /// It is sound, but of a kind that is not read here.
        case unsupported
    }

    public let kind: Kind
    public let path: String
    /// What could not be done, e.g. `cannot be written`.
    public let failure: String
    public let reason: String
    public let advice: String

    package init(_ kind: Kind, path: String, failure: String, reason: String, advice: String) {
        self.kind = kind
        self.path = path
        self.failure = failure
        self.reason = reason
        self.advice = advice
    }

    public var description: String { "\(path) \(failure): \(reason); \(advice)" }
}

extension StorageError {
    /// A system call on the way to a written file failed.
    package static func writing(_ path: String, _ cause: SystemError) -> StorageError {
        StorageError(
            .unwritable, path: path, failure: "cannot be written", reason: cause.message, advice: cause.writingAdvice)
    }

    /// A system call on the way to a file's contents failed.
    static func reading(_ path: String, _ cause: SystemError) -> StorageError {
        StorageError(
            cause.isMissing ? .missing : .unreadable, path: path, failure: "cannot be read", reason: cause.message,
            advice: cause.readingAdvice)
    }

    package static func damaged(_ path: String, _ reason: String) -> StorageError {
        StorageError(
            .damaged, path: path, failure: "is damaged", reason: reason, advice: "replace it with a sound copy")
    }

    static func unsupported(_ path: String, _ reason: String, advice: String) -> StorageError {
        StorageError(.unsupported, path: path, failure: "cannot be read", reason: reason, advice: advice)
    }
}

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// The `errno` of a failed system call.
package struct SystemError: Error, Sendable, Equatable {
    package let code: Int32

    package init(code: Int32) { self.code = code }

    /// That of the call that has just failed on this thread.
    package static var last: SystemError { SystemError(code: errno) }

    /// The system's words, e.g. `No space left on device`.
    package var message: String {
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: 256) { text in
            guard strerror_r(code, text.baseAddress!, text.count) == 0 else { return "error \(code)" }
            return String(cString: text.baseAddress!)
        }
    }

    var isMissing: Bool { code == ENOENT || code == ENOTDIR }

    var writingAdvice: String {
        switch code {
        case ENOSPC, EDQUOT: "free some space and run the same command again"
        case EFBIG: "raise the limit on the size of files (ulimit -f) and run the same command again"
        case EACCES, EPERM, EROFS: "choose a folder that you may write to"
        case ENOENT, ENOTDIR: "create its folder first"
        case EMFILE, ENFILE: "raise the limit on open files (ulimit -n)"
        case ENAMETOOLONG: "choose a shorter name"
        case EISDIR: "name a file, not a folder"
        default: "check the disk and run the same command again"
        }
    }

    var readingAdvice: String {
        switch code {
        case ENOENT, ENOTDIR: "check the path"
        case EACCES, EPERM: "ask for permission to read it"
        case EISDIR: "name a file, not a folder"
        case EMFILE, ENFILE: "raise the limit on open files (ulimit -n)"
        default: "check the disk and run the same command again"
        }
    }
}

extension SystemError {
    /// A write that took no byte and named no reason.
    static let noProgress = SystemError(code: EIO)
    static let outOfMemory = SystemError(code: ENOMEM)
}

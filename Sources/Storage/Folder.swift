#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Folders of the file system.
package enum Folder {
    /// Makes a folder and those above it, where they are missing.
    package static func make(_ path: String) throws(StorageError) {
        guard !exists(path) else { return }
        if let slash = path.lastIndex(of: "/"), slash > path.startIndex { try make(String(path[..<slash])) }
        if mkdir(path, 0o777) != 0 && errno != EEXIST { throw .writing(path, .last) }
    }

    /// Whether a folder is there, also by a symbolic link.
    package static func exists(_ path: String) -> Bool {
        var information = stat()
        return stat(path, &information) == 0 && information.st_mode & S_IFMT == S_IFDIR
    }
}

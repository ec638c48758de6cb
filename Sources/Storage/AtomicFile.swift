#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Files that appear whole or not at all: written under a temporary name in the same folder, flushed, then renamed.
///
/// Whatever fails on the way (full disk, permissions, the writer itself), the temporary file is removed and a file
/// that stood under the name before is left as it was.
package enum AtomicFile {
    /// Writes what `body` puts into the sink.
    ///
    /// - Throws: ``StorageError`` of a failed system call, or whatever `body` throws.
    package static func write(
        to path: String, calls: FileCalls = .system, _ body: (FileSink) throws(StorageError) -> Void
    ) throws(StorageError) {
        let temporary = temporaryPath(for: path)
        let descriptor: Int32
        do { descriptor = try calls.open(temporary, O_WRONLY | O_CREAT | O_EXCL) } catch { throw .writing(path, error) }
        do throws(StorageError) {
            do throws(StorageError) { try body(FileSink(path: path, descriptor: descriptor, calls: calls)) } catch {
                close(descriptor)
                throw error
            }
            try settle(descriptor, temporary, path, calls)
        } catch {
            unlink(temporary)
            throw error
        }
        syncFolder(of: path)
    }

    /// Lets `body` make the file at a temporary path: for libraries that open files themselves.
    package static func make(
        at path: String, calls: FileCalls = .system, _ body: (_ temporary: String) throws(StorageError) -> Void
    ) throws(StorageError) {
        let temporary = temporaryPath(for: path)
        do throws(StorageError) {
            try body(temporary)
            let descriptor: Int32
            do { descriptor = try calls.open(temporary, O_WRONLY) } catch { throw .writing(path, error) }
            try settle(descriptor, temporary, path, calls)
        } catch {
            unlink(temporary)
            throw error
        }
        syncFolder(of: path)
    }

    /// Flushes and closes a temporary file and gives it its name.
    private static func settle(
        _ descriptor: Int32, _ temporary: String, _ path: String, _ calls: FileCalls
    ) throws(StorageError) {
        do throws(SystemError) {
            do throws(SystemError) { try calls.sync(descriptor) } catch {
                close(descriptor)
                throw error
            }
            if close(descriptor) != 0 && errno != EINTR { throw .last }
            try calls.rename(temporary, path)
        } catch { throw .writing(path, error) }
    }

    package static func write(_ bytes: [UInt8], to path: String, calls: FileCalls = .system) throws(StorageError) {
        try write(to: path, calls: calls) { sink throws(StorageError) in try sink.write(bytes) }
    }

    package static func write(_ text: String, to path: String, calls: FileCalls = .system) throws(StorageError) {
        try write(Array(text.utf8), to: path, calls: calls)
    }

    /// Removes temporary files that a killed process left in `folder`: those whose process is no more, and those last
    /// written before `age` seconds ago.
    ///
    /// - Returns: the names removed.
    @discardableResult
    package static func removeLeftovers(in folder: String, olderThan age: Int = 3600) -> [String] {
        guard let entries = opendir(folder) else { return [] }
        defer { closedir(entries) }
        var removed: [String] = []
        while let entry = readdir(entries) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { tuple in
                tuple.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            guard name.hasPrefix("."), name.hasSuffix(suffix) else { continue }
            let path = folder + "/" + name
            var information = stat()
            guard lstat(path, &information) == 0, information.st_mode & S_IFMT == S_IFREG,
                time(nil) - information.modificationSeconds >= age || isAbandoned(name), unlink(path) == 0
            else { continue }
            removed.append(name)
        }
        return removed.sorted()
    }

    static let suffix = ".partial"

    private static func temporaryPath(for path: String) -> String {
        let (folder, name) = split(path)
        // A quarter of the longest name that file systems take, so that the added parts always fit.
        let stem = String(decoding: name.utf8.prefix(64), as: UTF8.self)
        let mark = String(UInt64.random(in: .min ... .max), radix: 36)
        return "\(folder)/.\(stem).\(machine)-\(getpid())-\(mark)\(suffix)"
    }

    /// Whether the process that a temporary name mentions ran on this machine and has ended.
    private static func isAbandoned(_ name: String) -> Bool {
        let mark = name.dropLast(suffix.count).split(separator: ".").last ?? ""
        let parts = mark.split(separator: "-")
        guard parts.count == 3, parts[0] == machine, let process = pid_t(parts[1]), process > 0 else { return false }
        return kill(process, 0) != 0 && errno == ESRCH
    }

    /// A digest of this machine's name: folders may be shared by several machines.
    private static let machine: String = {
        var name = [UInt8](repeating: 0, count: 256)
        _ = name.withUnsafeMutableBytes { bytes in
            gethostname(bytes.baseAddress!.assumingMemoryBound(to: CChar.self), bytes.count - 1)
        }
        // FNV-1a
        let hash = name.prefix { $0 != 0 }.reduce(0xcbf2_9ce4_8422_2325 as UInt64) { hash, byte in
            (hash ^ UInt64(byte)) &* 0x100_0000_01b3
        }
        return String(hash, radix: 36)
    }()

    private static func split(_ path: String) -> (folder: String, name: String) {
        guard let slash = path.lastIndex(of: "/") else { return (".", path) }
        let folder = String(path[..<slash])
        return (folder.isEmpty ? "/." : folder, String(path[path.index(after: slash)...]))
    }

    /// Makes the rename itself survive a power failure; the file is complete either way, so a refusal is no error.
    private static func syncFolder(of path: String) {
        let descriptor = open(split(path).folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { return }
        _ = fsync(descriptor)
        close(descriptor)
    }
}

extension stat {
    var modificationSeconds: Int {
        #if canImport(Glibc)
            st_mtim.tv_sec
        #else
            st_mtimespec.tv_sec
        #endif
    }
}

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// The system calls that a written file goes through, handed down so that a test can make the n-th of them fail.
package struct FileCalls: Sendable {
    /// Opens for writing: path, flags.
    package var open: @Sendable (String, Int32) throws(SystemError) -> Int32
    /// Writes some of the bytes and returns how many.
    package var write: @Sendable (Int32, UnsafeRawBufferPointer) throws(SystemError) -> Int
    /// Flushes to the disk.
    package var sync: @Sendable (Int32) throws(SystemError) -> Void
    /// Renames: from, to.
    package var rename: @Sendable (String, String) throws(SystemError) -> Void

    package static let system = FileCalls(
        open: { (path, flags) throws(SystemError) in
            while true {
                #if canImport(Glibc)
                    let descriptor = Glibc.open(path, flags | O_CLOEXEC, 0o666)
                #else
                    let descriptor = Darwin.open(path, flags | O_CLOEXEC, 0o666)
                #endif
                if descriptor >= 0 { return descriptor }
                if errno != EINTR { throw .last }
            }
        },
        write: { (descriptor, bytes) throws(SystemError) in
            guard let start = bytes.baseAddress else { return 0 }
            while true {
                #if canImport(Glibc)
                    let count = Glibc.write(descriptor, start, bytes.count)
                #else
                    let count = Darwin.write(descriptor, start, bytes.count)
                #endif
                if count >= 0 { return count }
                if errno != EINTR { throw .last }
            }
        },
        sync: { (descriptor) throws(SystemError) in
            // Devices and pipes cannot be flushed and say so with EINVAL.
            while fsync(descriptor) != 0 {
                if errno == EINVAL || errno == EROFS { return }
                if errno != EINTR { throw .last }
            }
        },
        rename: { (from, to) throws(SystemError) in
            #if canImport(Glibc)
                let status = Glibc.rename(from, to)
            #else
                let status = Darwin.rename(from, to)
            #endif
            if status != 0 { throw .last }
        })
}

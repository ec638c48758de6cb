#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Where the bytes of a file being written go.
package struct FileSink {
    /// The name under which the file will stand; for messages.
    let path: String
    let descriptor: Int32
    let calls: FileCalls

    /// At most this many bytes a call: enough to keep the disk busy, and below the system's own limit.
    private static let largestWrite = 8 << 20

    /// Bytes written so far.
    var position: Int { Int(lseek(descriptor, 0, SEEK_CUR)) }

    /// Writes all bytes, in as many calls as the system wants.
    package func write(_ bytes: UnsafeRawBufferPointer) throws(StorageError) {
        var rest = bytes[...]
        while !rest.isEmpty {
            do throws(SystemError) {
                let part = UnsafeRawBufferPointer(rebasing: rest.prefix(Self.largestWrite))
                let count = try calls.write(descriptor, part)
                if count <= 0 { throw SystemError.noProgress }
                rest = rest.dropFirst(count)
            } catch {
                throw .writing(path, error)
            }
        }
    }

    package func write<T: BitwiseCopyable>(_ elements: [T]) throws(StorageError) {
        try elements.withUnsafeBufferPointer { buffer throws(StorageError) in
            try write(UnsafeRawBufferPointer(buffer))
        }
    }
}

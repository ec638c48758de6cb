#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Bytes in order, from a file or from what a file unpacks to.
package protocol ByteSource: AnyObject {
    var path: String { get }
    /// No source gives more bytes than this: a bound on what a header may be believed.
    var largestSize: Int { get }
    /// Fills the buffer; fewer bytes than it holds mean that the source has ended.
    func read(into buffer: UnsafeMutableRawBufferPointer) throws(StorageError) -> Int
}

extension ByteSource {
    /// The next bytes, `count` of them unless the source ends before.
    package func read(upTo count: Int) throws(StorageError) -> [UInt8] {
        var failure: StorageError?
        let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            do throws(StorageError) {
                filled = try read(into: UnsafeMutableRawBufferPointer(buffer))
            } catch { failure = error }
        }
        if let failure { throw failure }
        return bytes
    }
}

/// An open file, read from its beginning.
package final class FileReader: ByteSource {
    package let path: String
    /// Bytes in the file when it was opened.
    package let size: Int
    package var largestSize: Int { size }
    private let descriptor: Int32

    /// - Throws: ``StorageError`` where the file is absent, unreadable or a folder.
    package init(path: String) throws(StorageError) {
        self.path = path
        descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .reading(path, .last) }
        var information = stat()
        guard fstat(descriptor, &information) == 0 else {
            let cause = SystemError.last
            close(descriptor)
            throw .reading(path, cause)
        }
        guard information.st_mode & S_IFMT != S_IFDIR else {
            close(descriptor)
            throw .reading(path, SystemError(code: EISDIR))
        }
        size = Int(information.st_size)
    }

    deinit { close(descriptor) }

    package func read(into buffer: UnsafeMutableRawBufferPointer) throws(StorageError) -> Int {
        var filled = 0
        while filled < buffer.count {
            let rest = UnsafeMutableRawBufferPointer(rebasing: buffer[filled...])
            #if canImport(Glibc)
                let count = Glibc.read(descriptor, rest.baseAddress, min(rest.count, 1 << 30))
            #else
                let count = Darwin.read(descriptor, rest.baseAddress, min(rest.count, 1 << 30))
            #endif
            if count == 0 { break }
            if count < 0 {
                if errno == EINTR { continue }
                throw .reading(path, .last)
            }
            filled += count
        }
        return filled
    }

    /// Goes back to the beginning.
    func rewind() throws(StorageError) {
        if lseek(descriptor, 0, SEEK_SET) < 0 { throw .reading(path, .last) }
    }
}

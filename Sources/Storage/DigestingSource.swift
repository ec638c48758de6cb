/// Passes another source on and digests what goes by.
package final class DigestingSource: ByteSource {
    private let source: any ByteSource
    private let digest: SHA256

    package init(_ source: any ByteSource) throws(StorageError) {
        self.source = source
        digest = try SHA256()
    }

    package var path: String { source.path }
    package var largestSize: Int { source.largestSize }

    package func read(into buffer: UnsafeMutableRawBufferPointer) throws(StorageError) -> Int {
        let count = try source.read(into: buffer)
        digest.update(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
        return count
    }

    /// SHA256 of all that was read; nothing can be read after it.
    package func finish() throws(StorageError) -> String { try digest.finish() }
}

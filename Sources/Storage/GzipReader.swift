import CZlib

/// What a gzip file unpacks to, in a stream. Several members in a row read as one, as `gunzip` does.
///
/// zlib's return codes and its check of length and CRC at the end of each member are all heeded:
/// a file cut short at any byte or with any byte changed is an error, not fewer or other data, for whoever reads on
/// until fewer bytes come than were asked for.
package final class GzipReader: ByteSource {
    private let file: FileReader
    // zlib keeps a pointer back to its stream, which therefore must not move.
    private let stream: UnsafeMutablePointer<z_stream>
    private let input: UnsafeMutableRawBufferPointer
    private var fileHasEnded = false
    private var isBetweenMembers = false

    package var path: String { file.path }
    /// Deflate packs at most 1032 bytes into one.
    package var largestSize: Int { file.size.multipliedReportingOverflow(by: 1032).partialValue }

    private static let inputSize = 256 << 10
    /// zlib's largest window, plus 16: gzip and nothing else.
    private static let windowBits: Int32 = 15 + 16

    package init(_ file: FileReader) throws(StorageError) {
        self.file = file
        stream = .allocate(capacity: 1)
        stream.initialize(to: z_stream())
        input = .allocate(byteCount: Self.inputSize, alignment: 16)
        let status = inflateInit2_(stream, Self.windowBits, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
        if status != Z_OK {
            throw StorageError(
                .unreadable, path: file.path, failure: "cannot be read", reason: "zlib did not start (code \(status))",
                advice: "free some memory and run the same command again")
        }
    }

    deinit {
        inflateEnd(stream)
        stream.deinitialize(count: 1)
        stream.deallocate()
        input.deallocate()
    }

    package func read(into buffer: UnsafeMutableRawBufferPointer) throws(StorageError) -> Int {
        var filled = 0
        while filled < buffer.count {
            try refill()
            if isBetweenMembers, try !startMember() { break }
            let room = min(buffer.count - filled, 1 << 30)
            stream.pointee.next_out = buffer.baseAddress?.advanced(by: filled).assumingMemoryBound(to: UInt8.self)
            stream.pointee.avail_out = UInt32(room)
            let status = inflate(stream, Z_NO_FLUSH)
            filled += room - Int(stream.pointee.avail_out)
            switch status {
            case Z_STREAM_END: isBetweenMembers = true
            case Z_OK, Z_BUF_ERROR:
                if stream.pointee.avail_in == 0, stream.pointee.avail_out > 0, try !refill() {
                    throw .damaged(path, "the compressed data end early, after \(file.size) bytes")
                }
            case Z_MEM_ERROR: throw .reading(path, .outOfMemory)
            default:
                let reason = stream.pointee.msg.map { String(cString: $0) } ?? "zlib code \(status)"
                throw .damaged(path, "the compressed data are corrupt (\(reason))")
            }
        }
        return filled
    }

    /// Reads on in the file where all input is used up; whether there is input now.
    @discardableResult
    private func refill() throws(StorageError) -> Bool {
        if stream.pointee.avail_in > 0 { return true }
        if fileHasEnded { return false }
        let count = try file.read(into: input)
        fileHasEnded = count < input.count
        stream.pointee.next_in = input.baseAddress?.assumingMemoryBound(to: UInt8.self)
        stream.pointee.avail_in = UInt32(count)
        return count > 0
    }

    /// Whether another member follows; zeros after a member are padding.
    private func startMember() throws(StorageError) -> Bool {
        while try refill(), let next = stream.pointee.next_in {
            if next.pointee == 0x1f {
                inflateReset(stream)
                isBetweenMembers = false
                return true
            }
            guard next.pointee == 0 else { throw .damaged(path, "other bytes follow the compressed data") }
            stream.pointee.next_in = next + 1
            stream.pointee.avail_in -= 1
        }
        return false
    }
}

extension FileReader {
    /// The contents of a file, unpacked where it is gzip.
    ///
    /// What begins as gzip is unpacked whatever its name; what is named `.gz` must be gzip.
    package static func unpacking(_ path: String) throws(StorageError) -> any ByteSource {
        let file = try FileReader(path: path)
        let start = try file.read(upTo: 2)
        try file.rewind()
        if start == [0x1f, 0x8b] || (path.hasSuffix(".gz") && start.count < 2) { return try GzipReader(file) }
        guard !path.hasSuffix(".gz") else { throw .damaged(path, "its name ends in .gz, but it is not gzip") }
        return file
    }
}

/// Reads tar archives in order.
///
/// Source: POSIX.1-1988 "ustar": blocks of 512 bytes; a header block per file (name at 0, size in octal at 124, checksum
/// at 148, kind at 156), then its bytes, padded to whole blocks; a block of zeros ends the archive.
package struct TarReader {
    private static let blockSize = 512
    private let source: any ByteSource

    package init(_ source: any ByteSource) { self.source = source }

    /// Calls `body` for every regular file with its path in the archive and a source of its bytes,
    /// of which it may leave the rest unread.
    package func forEachFile(
        _ body: (String, Member) throws(StorageError) -> Void
    ) throws(StorageError) {
        while true {
            let header = try source.read(upTo: Self.blockSize)
            guard header.count == Self.blockSize else { throw .damaged(source.path, "the archive ends early") }
            if header.allSatisfy({ $0 == 0 }) { return }
            // The checksum counts its own eight bytes as spaces.
            let sum = header.reduce(0) { $0 + Int($1) } - header[148..<156].reduce(0) { $0 + Int($1) } + 8 * 0x20
            guard Self.octal(header[148..<156]) == sum, let size = Self.octal(header[124..<136]) else {
                throw .damaged(source.path, "the archive has a header that is no tar header")
            }
            let member = Member(source: source, size: size)
            let isRegular = header[156] == 0x30 || header[156] == 0
            if isRegular { try body(Self.name(header), member) }
            try member.skip(padding: (Self.blockSize - size % Self.blockSize) % Self.blockSize)
        }
    }

    private static func name(_ header: [UInt8]) -> String {
        let name = String(decoding: header[..<100].prefix { $0 != 0 }, as: UTF8.self)
        let isUstar = header[257..<262].elementsEqual("ustar".utf8)
        let prefix = isUstar ? String(decoding: header[345..<500].prefix { $0 != 0 }, as: UTF8.self) : ""
        return prefix.isEmpty ? name : prefix + "/" + name
    }

    private static func octal(_ field: ArraySlice<UInt8>) -> Int? {
        let digits = field.drop { $0 == 0x20 }.prefix { $0 != 0 && $0 != 0x20 }
        return digits.isEmpty ? nil : Int(String(decoding: digits, as: UTF8.self), radix: 8)
    }

    /// The bytes of one file of an archive.
    package final class Member: ByteSource {
        private let source: any ByteSource
        private var left: Int
        package let largestSize: Int
        package var path: String { source.path }

        init(source: any ByteSource, size: Int) {
            self.source = source
            left = size
            largestSize = size
        }

        package func read(into buffer: UnsafeMutableRawBufferPointer) throws(StorageError) -> Int {
            let wanted = min(left, buffer.count)
            let count = try source.read(into: UnsafeMutableRawBufferPointer(rebasing: buffer[..<wanted]))
            guard count == wanted else { throw .damaged(path, "the archive ends early") }
            left -= count
            return count
        }

        fileprivate func skip(padding: Int) throws(StorageError) {
            left += padding
            while left > 0 { _ = try read(upTo: min(left, 1 << 20)) }
        }
    }
}

import StorageTestSupport
import Testing

@testable import Storage

@Suite struct GzipReaderTests {
    /// Not compressible at once, so that several blocks and refills happen.
    static let content: [UInt8] = {
        var state: UInt32 = 1
        return (0..<700_000).map { _ in
            state = state &* 1_664_525 &+ 1_013_904_223
            return UInt8(state >> 24) & 0x3f
        }
    }()

    func unpacked(_ path: String) throws -> [UInt8] {
        let source = try FileReader.unpacking(path)
        var bytes: [UInt8] = []
        while true {
            let part = try source.read(upTo: 100_000)
            bytes += part
            if part.count < 100_000 { return bytes }
        }
    }

    @Test func unpacks() throws {
        let folder = try TemporaryFolder()
        let packed = gzip(Self.content)
        #expect(try unpacked(folder.write(packed, to: "a.gz")) == Self.content)
        #expect(try unpacked(folder.write(packed, to: "named otherwise")) == Self.content)
        #expect(try unpacked(folder.write(Self.content, to: "plain")) == Self.content)
        #expect(try unpacked(folder.write(gzip([]), to: "empty.gz")) == [])
        #expect(try unpacked(folder.write(packed + packed, to: "two.gz")) == Self.content + Self.content)
        #expect(try unpacked(folder.write(packed + [0, 0, 0], to: "padded.gz")) == Self.content)
    }

    @Test func cutShort() throws {
        let folder = try TemporaryFolder()
        let packed = gzip(Self.content)
        let lengths = [0, 1, 2, 9, 10, 11, 100, 262_143, 262_144, 262_145, packed.count - 8, packed.count - 1]
        for length in lengths {
            let path = try folder.write(Array(packed[..<length]), to: "cut.gz")
            let error = #expect(throws: StorageError.self, "\(length) bytes") { try unpacked(path) }
            #expect(error?.kind == .damaged)
            #expect(
                error?.description == "\(path) is damaged: the compressed data end early, after \(length) bytes; "
                    + "replace it with a sound copy")
        }
    }

    @Test func aFlippedByteNeverGivesOtherData() throws {
        let folder = try TemporaryFolder()
        let content = Array(Self.content[..<300])
        let packed = gzip(content)
        // Nothing protects, and nothing uses, the time stamp and origin in bytes 4 to 9 and the last bits before the
        // checksum, which fill up a byte.
        let unused = Set(Array(4...9) + [packed.count - 9])
        for position in packed.indices {
            var damaged = packed
            damaged[position] ^= 0x10
            let path = try folder.write(damaged, to: "flipped.gz")
            do {
                #expect(try unpacked(path) == content)
                #expect(unused.contains(position), "byte \(position)")
            } catch let error as StorageError {
                #expect(error.kind == .damaged)
            }
        }
    }

    @Test func otherContents() throws {
        let folder = try TemporaryFolder()
        let html = try folder.write(Array("<html>".utf8), to: "a.gz")
        #expect(throws: StorageError.damaged(html, "its name ends in .gz, but it is not gzip")) { try unpacked(html) }
        let tail = try folder.write(gzip([1]) + [7], to: "b.gz")
        #expect(throws: StorageError.damaged(tail, "other bytes follow the compressed data")) { try unpacked(tail) }
    }
}

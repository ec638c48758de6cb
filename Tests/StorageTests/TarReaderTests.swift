import StorageTestSupport
import Testing

@testable import Storage

@Suite struct TarReaderTests {
    /// One file of `bytes`, in the older format without a prefix field.
    static func archive(_ name: String, _ bytes: [UInt8]) -> [UInt8] {
        var header = [UInt8](repeating: 0, count: 512)
        header.replaceSubrange(0..<name.utf8.count, with: Array(name.utf8))
        let size = Array(String(bytes.count, radix: 8).utf8)
        header.replaceSubrange(124..<124 + size.count, with: size)
        header.replaceSubrange(148..<156, with: [UInt8](repeating: 0x20, count: 8))
        let sum = Array(String(header.reduce(0) { $0 + Int($1) }, radix: 8).utf8)
        header.replaceSubrange(148..<148 + sum.count, with: sum)
        return header + bytes + [UInt8](repeating: 0, count: (512 - bytes.count % 512) % 512)
    }

    static let end = [UInt8](repeating: 0, count: 1024)

    func files(_ path: String) throws -> [String: [UInt8]] {
        var files: [String: [UInt8]] = [:]
        try TarReader(FileReader(path: path)).forEachFile { name, member throws(StorageError) in
            files[name] = try member.read(upTo: member.largestSize + 1)
        }
        return files
    }

    @Test func filesInOrder() throws {
        let folder = try TemporaryFolder()
        let long = (0..<1000).map { UInt8(truncatingIfNeeded: $0) }
        let path = try folder.write(
            Self.archive("a", [1, 2]) + Self.archive("b/c", long) + Self.archive("d", []) + Self.end, to: "a.tar")
        #expect(try files(path) == ["a": [1, 2], "b/c": long, "d": []])
        var names: [String] = []
        try TarReader(FileReader(path: path)).forEachFile { name, _ throws(StorageError) in names.append(name) }
        #expect(names == ["a", "b/c", "d"])
    }

    @Test(arguments: [0, 1, 511, 512, 513, 1023, 1024, 1535]) func cutShort(length: Int) throws {
        let folder = try TemporaryFolder()
        let whole = Self.archive("a", [1, 2]) + Self.archive("b", [3])
        let path = try folder.write(Array(whole[..<length]), to: "a.tar")
        #expect(throws: StorageError.damaged(path, "the archive ends early")) { try files(path) }
    }

    @Test func otherContents() throws {
        let folder = try TemporaryFolder()
        var bytes = Self.archive("a", [1, 2]) + Self.end
        bytes[0] ^= 1
        let path = try folder.write(bytes, to: "a.tar")
        #expect(throws: StorageError.damaged(path, "the archive has a header that is no tar header")) {
            try files(path)
        }
    }
}

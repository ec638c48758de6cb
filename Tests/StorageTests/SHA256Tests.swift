import Foundation
import StorageTestSupport
import Testing

@testable import Storage

@Suite struct SHA256Tests {
    /// Source: FIPS 180-4 examples.
    @Test func knownDigests() throws {
        #expect(
            try Fingerprint(of: "").hex == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
        #expect(
            try Fingerprint(of: "abc").hex == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
    }

    @Test func filesAndTheirContents() throws {
        let folder = try TemporaryFolder()
        let bytes = [UInt8](repeating: 0x61, count: 1_000_000)
        let million = "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"
        let plain = try folder.write(bytes, to: "a")
        let packed = try folder.write(gzip(bytes), to: "a.gz")
        #expect(try SHA256.hex(ofFile: plain) == million)
        #expect(try SHA256.hex(ofContentsOf: plain) == million)
        #expect(try SHA256.hex(ofContentsOf: packed) == million)
        #expect(try SHA256.hex(ofFile: packed) != million)
    }

    @Test func fingerprintsOfValues() throws {
        let fingerprint = try Fingerprint(encoding: ["b": 2, "a": 1])
        #expect(try fingerprint == Fingerprint(of: #"{"a":1,"b":2}"#))
        #expect(fingerprint.short == String(fingerprint.hex.prefix(12)))
        let coded = try JSONEncoder().encode([fingerprint])
        #expect(try JSONDecoder().decode([Fingerprint].self, from: coded) == [fingerprint])
    }

    @Test func unreadable() throws {
        let folder = try TemporaryFolder()
        let missing = #expect(throws: StorageError.self) { try SHA256.hex(ofFile: folder("absent")) }
        #expect(missing?.kind == .missing)
        #expect(missing?.description == "\(folder("absent")) cannot be read: No such file or directory; check the path")
        let isFolder = #expect(throws: StorageError.self) { try SHA256.hex(ofFile: folder.path) }
        #expect(isFolder?.description == "\(folder.path) cannot be read: Is a directory; name a file, not a folder")
    }
}

import Foundation
import StorageTestSupport
import Testing

@testable import Datasets

@Suite struct IDXReaderTests {
    static let bytes = SmallDatasets.idx([2, 2, 3], Array(1...12))

    @Test func plainAndGzip() throws {
        let folder = try TemporaryFolder()
        let plain = try IDXReader.read(folder.write(Self.bytes, to: "a"), axes: 3)
        #expect(plain.shape == [2, 2, 3] && plain.bytes == Array(1...12))
        #expect(try IDXReader.read(folder.write(gzip(Self.bytes), to: "a.gz"), axes: 3) == plain)
    }

    @Test func cutShortAnywhere() throws {
        let folder = try TemporaryFolder()
        for length in Self.bytes.indices {
            let path = try folder.write(Array(Self.bytes[..<length]), to: "cut")
            let error = #expect(throws: DatasetError.self, "\(length) bytes") { try IDXReader.read(path, axes: 3) }
            #expect(error?.kind == .damaged)
        }
        let packed = gzip(Self.bytes)
        for length in packed.indices {
            let path = try folder.write(Array(packed[..<length]), to: "cut.gz")
            #expect(throws: DatasetError.self, "\(length) bytes of gzip") { try IDXReader.read(path, axes: 3) }
        }
    }

    static func changed(_ position: Int, _ value: UInt8) -> [UInt8] {
        var changed = bytes
        changed[position] = value
        return changed
    }

    static let damages: [(bytes: [UInt8], reason: String)] = [
        (changed(0, 1), "it is not an IDX file"),
        (changed(2, 13), "its numbers are of IDX type 13, not unsigned bytes (8)"),
        (changed(3, 1), "it has 1 axes, not 3"),
        (bytes + [0], "it holds more than the 12 bytes that its header announces"),
        (Array(bytes.dropLast()), "it holds 11 bytes where its header announces 12"),
        (changed(6, 1), "its header announces [258, 2, 3], more than the file can hold"),
        (
            [0, 0, 8, 3] + [UInt8](repeating: 255, count: 12),
            "its header announces [4294967295, 4294967295, 4294967295], more than the file can hold"
        ),
    ]

    @Test(arguments: damages) func otherContents(bytes: [UInt8], reason: String) throws {
        let folder = try TemporaryFolder()
        let path = try folder.write(bytes, to: "a")
        let error = #expect(throws: DatasetError.self) { try IDXReader.read(path, axes: 3) }
        #expect(error?.description == "\(path) is damaged: \(reason); replace it with a sound copy")
    }

    @Test func splitsThatDoNotAgree() throws {
        let folder = try TemporaryFolder()
        let images = try folder.write(Self.bytes, to: "images")
        func reason(labels: [UInt8], shape: [Int] = [2, 3, 1]) throws -> String? {
            let path = try folder.write(SmallDatasets.idx([labels.count], labels), to: "labels")
            let error = #expect(throws: DatasetError.self) {
                try IDXReader.split(images: images, labels: path, shape: shape, classCount: 3)
            }
            return error?.description
        }
        #expect(try reason(labels: [0])?.contains("it holds 1 labels for 2 images") == true)
        #expect(try reason(labels: [0, 3])?.contains("label 1 is 3, not 0 to 2") == true)
        #expect(try reason(labels: [0, 1], shape: [3, 2, 1])?.contains("its images are 2 × 3, not 3 × 2") == true)
    }

    @Test func missingAndFolder() throws {
        let folder = try TemporaryFolder()
        let missing = #expect(throws: DatasetError.self) { try IDXReader.read(folder("absent"), axes: 1) }
        #expect(missing?.kind == .missing && missing?.isDataAtFault == true)
        let isFolder = #expect(throws: DatasetError.self) { try IDXReader.read(folder.path, axes: 1) }
        #expect(isFolder?.kind == .unreadable)
    }

    @Test(.enabled(if: geteuid() != 0, "root may read every file")) func withoutPermission() throws {
        let folder = try TemporaryFolder()
        let path = try folder.write(Self.bytes, to: "a")
        chmod(path, 0)
        let error = #expect(throws: DatasetError.self) { try IDXReader.read(path, axes: 3) }
        #expect(error?.description == "\(path) cannot be read: Permission denied; ask for permission to read it")
    }
}

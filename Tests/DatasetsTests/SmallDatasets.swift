import Foundation
import Storage
import StorageTestSupport

@testable import Datasets

/// Data sets of a few points in the formats of the large ones, with a registry that knows their checksums.
enum SmallDatasets {
    static func idx(_ shape: [Int], _ bytes: [UInt8]) -> [UInt8] {
        [0, 0, 8, UInt8(shape.count)] + shape.flatMap { [0, 0, UInt8($0 >> 8), UInt8($0 & 255)] } + bytes
    }

    /// The record's first byte is the label; the pixels count up from `start`.
    static func record(_ label: UInt8, start: Int) -> [UInt8] {
        [label] + (0..<3072).map { UInt8(truncatingIfNeeded: start + $0) }
    }

    static func file(_ name: String, _ bytes: [UInt8], urls: [String] = []) throws -> DatasetFile {
        DatasetFile(name, byteCount: bytes.count, sha256: try Fingerprint(of: bytes).hex, urls: urls)
    }

    /// Labels 0 1 2 0 1 2 …, images [2, 3, 1] that count up; `name` and `offset` make files of different contents.
    static func idxFiles(offset: UInt8 = 0) -> [(name: String, bytes: [UInt8])] {
        func images(_ count: Int) -> [UInt8] {
            idx([count, 2, 3], (0..<count * 6).map { UInt8(truncatingIfNeeded: $0) &+ offset })
        }
        func labels(_ count: Int) -> [UInt8] { idx([count], (0..<count).map { UInt8(($0 + Int(offset)) % 3) }) }
        return [
            ("train-images-idx3-ubyte", images(12)), ("train-labels-idx1-ubyte", labels(12)),
            ("t10k-images-idx3-ubyte", images(6)), ("t10k-labels-idx1-ubyte", labels(6)),
        ]
    }

    static func description(
        _ name: DatasetName, _ files: [(name: String, bytes: [UInt8])], url: String? = nil
    ) throws -> DatasetDescription {
        let all = try files.map { try file($0.name, $0.bytes, urls: url.map { [$0 + "/absent/", $0 + "/"] } ?? []) }
        let served = all.map { file in
            DatasetFile(
                file.name, byteCount: file.byteCount, sha256: file.sha256,
                urls: file.urls.map { $0 + file.name + ".gz" })
        }
        return DatasetDescription(
            name: name, format: .idx, classNames: ["cat", "dog", "ship"], imageShape: [2, 3, 1],
            editions: [DatasetEdition("official", train: Array(served[..<2]), test: Array(served[2...]))],
            advice: "install it")
    }

    static func locator(_ folder: TemporaryFolder, _ descriptions: [DatasetDescription]) -> DatasetLocator {
        DatasetLocator(
            root: folder("root"), environment: ["HOME": folder("home")], currentFolder: folder("here"),
            systemFolder: folder("system"), registry: DatasetRegistry(descriptions))
    }
}

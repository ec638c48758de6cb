import Compute
import Foundation

/// `zarr.json` of a group or of a matrix, in the part of Zarr v3 that is written here: a regular grid of square chunks,
/// codecs `bytes` (little endian) and `crc32c`, missing chunks read as NaN.
///
/// Source: Zarr core specification, version 3.
struct ZarrMetadata: Codable, Sendable, Equatable {
    struct Named: Codable, Sendable, Equatable {
        var name: String
        var configuration: [String: Value]
    }

    /// The values that configurations hold.
    enum Value: Codable, Sendable, Equatable {
        case text(String)
        case numbers([Int])

        init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            if let text = try? container.decode(String.self) {
                self = .text(text)
            } else {
                self = .numbers(try container.decode([Int].self))
            }
        }

        func encode(to encoder: any Encoder) throws {
            var container = encoder.singleValueContainer()
            switch self {
            case .text(let text): try container.encode(text)
            case .numbers(let numbers): try container.encode(numbers)
            }
        }
    }

    enum CodingKeys: String, CodingKey {
        case zarrFormat = "zarr_format"
        case nodeType = "node_type"
        case shape
        case dataType = "data_type"
        case chunkGrid = "chunk_grid"
        case chunkKeyEncoding = "chunk_key_encoding"
        case fillValue = "fill_value"
        case codecs, attributes
        case dimensionNames = "dimension_names"
    }

    var zarrFormat = 3
    var nodeType: String
    var shape: [Int]?
    var dataType: String?
    var chunkGrid: Named?
    var chunkKeyEncoding: Named?
    var fillValue: String?
    var codecs: [Named]?
    var attributes: [String: String]
    var dimensionNames: [String]?

    static func group(_ attributes: [String: String]) -> ZarrMetadata {
        ZarrMetadata(nodeType: "group", attributes: attributes)
    }

    static func matrix(
        rows: Int, columns: Int, tile: Int, _ precision: Precision, _ attributes: [String: String]
    ) -> ZarrMetadata {
        ZarrMetadata(
            nodeType: "array", shape: [rows, columns], dataType: precision.rawValue,
            chunkGrid: Named(name: "regular", configuration: ["chunk_shape": .numbers([tile, tile])]),
            chunkKeyEncoding: Named(name: "default", configuration: ["separator": .text("/")]), fillValue: "NaN",
            codecs: [
                Named(name: "bytes", configuration: ["endian": .text("little")]),
                Named(name: "crc32c", configuration: [:]),
            ],
            attributes: attributes, dimensionNames: ["i", "j"])
    }

    /// Rows and columns of a chunk; nil where the metadata is not of a matrix as written here.
    var tile: Int? {
        guard case .numbers(let sizes)? = chunkGrid?.configuration["chunk_shape"], sizes.count == 2,
            sizes[0] == sizes[1], sizes[0] > 0
        else { return nil }
        return sizes[0]
    }

    /// Reads the file of a node.
    /// - Returns: nil where there is none.
    static func read(_ folder: String) throws(StorageError) -> ZarrMetadata? {
        let path = folder + "/zarr.json"
        let file: FileReader
        do { file = try FileReader(path: path) } catch  where error.kind == .missing { return nil }
        let bytes = try file.read(upTo: file.size)
        do {
            return try JSONDecoder().decode(ZarrMetadata.self, from: Data(bytes))
        } catch {
            throw .unsupported(
                path, "it is no node of a Zarr store as it is written here",
                advice: "remove the folder to have it computed anew")
        }
    }

    func write(_ folder: String, calls: FileCalls) throws(StorageError) {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
        guard let data = try? encoder.encode(self) else { preconditionFailure("metadata is plain JSON") }
        try AtomicFile.write([UInt8](data) + [0x0a], to: folder + "/zarr.json", calls: calls)
    }
}

import Compute

/// Square matrices of one origin in a Zarr v3 group: `gram.zarr`, with an array of tiles per matrix.
///
/// The group's attributes say what the matrices were made from; whoever opens the store compares them with what he
/// would make, and refuses or removes it where they differ.
package struct TileStore: Sendable {
    package let path: String
    /// What the matrices were made from.
    package let attributes: [String: String]
    private let calls: FileCalls

    /// Opens a store.
    /// - Returns: nil where there is none, or an empty folder.
    package static func open(path: String, calls: FileCalls = .system) throws(StorageError) -> TileStore? {
        guard let metadata = try ZarrMetadata.read(path) else { return nil }
        guard metadata == .group(metadata.attributes) else {
            throw .unsupported(
                path, "it is no tile store as it is written here", advice: "remove the folder to have it made anew")
        }
        return TileStore(path: path, attributes: metadata.attributes, calls: calls)
    }

    package static func create(
        path: String, attributes: [String: String], calls: FileCalls = .system
    ) throws(StorageError) -> TileStore {
        try Folder.make(path)
        try ZarrMetadata.group(attributes).write(path, calls: calls)
        return TileStore(path: path, attributes: attributes, calls: calls)
    }

    /// Keys in which the store's origin differs from another one, sorted.
    package func differences(from other: [String: String]) -> [String] {
        Set(attributes.keys).union(other.keys).filter { attributes[$0] != other[$0] }.sorted()
    }

    /// A matrix of the store; nil where it has not been begun.
    package func matrix(_ name: String) throws(StorageError) -> ZarrMatrix? {
        try .open(path: path + "/" + name, calls: calls)
    }

    /// A symmetric matrix of which only tiles on and below the diagonal are written.
    package func lowerTriangle(
        _ name: String, size: Int, tile: Int, precision: Precision
    ) throws(StorageError) -> ZarrMatrix {
        try .create(
            path: path + "/" + name, rows: size, columns: size, tile: tile, precision: precision,
            attributes: ["triangle": "lower"], calls: calls)
    }
}

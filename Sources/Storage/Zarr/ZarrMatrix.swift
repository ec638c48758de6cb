import Compute

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// A large matrix on disk: a Zarr v3 array with one file per square tile, `c/<tile row>/<tile column>`.
///
/// A tile appears whole or not at all and carries a checksum, so that a store is sound after a crash at any moment: what
/// is there is right or is found to be damaged. Several processes may write to one matrix; a tile that two of them
/// write is the same twice. Tiles at the end are padded with zeros to full size.
package struct ZarrMatrix: Sendable {
    package let path: String
    package let rows: Int
    package let columns: Int
    /// Rows and columns of a tile.
    package let tile: Int
    package let precision: Precision
    let calls: FileCalls

    /// Opens a matrix.
    /// - Returns: nil where there is none.
    /// - Throws: ``StorageError`` where it is not one that ``create(path:rows:columns:tile:precision:attributes:)``
    ///   makes.
    package static func open(path: String, calls: FileCalls = .system) throws(StorageError) -> ZarrMatrix? {
        guard let metadata = try ZarrMetadata.read(path) else { return nil }
        guard let shape = metadata.shape, shape.count == 2, let tile = metadata.tile,
            let precision = metadata.dataType.flatMap({ Precision(rawValue: $0) }),
            metadata == .matrix(rows: shape[0], columns: shape[1], tile: tile, precision, metadata.attributes)
        else {
            throw .unsupported(
                path, "it is no matrix as it is written here", advice: "remove the folder to have it computed anew")
        }
        return ZarrMatrix(
            path: path, rows: shape[0], columns: shape[1], tile: tile, precision: precision, calls: calls)
    }

    /// Makes an empty matrix; its entries read as NaN.
    package static func create(
        path: String, rows: Int, columns: Int, tile: Int, precision: Precision, attributes: [String: String] = [:],
        calls: FileCalls = .system
    ) throws(StorageError) -> ZarrMatrix {
        precondition(rows > 0 && columns > 0 && tile > 0, "a matrix of \(rows) × \(columns) in tiles of \(tile)")
        try Folder.make(path)
        try ZarrMetadata.matrix(rows: rows, columns: columns, tile: tile, precision, attributes)
            .write(path, calls: calls)
        return ZarrMatrix(
            path: path, rows: rows, columns: columns, tile: tile, precision: precision, calls: calls)
    }

    /// Tiles down and across.
    package var grid: (rows: Int, columns: Int) { ((rows + tile - 1) / tile, (columns + tile - 1) / tile) }

    /// Rows of the matrix that tile row `i` covers.
    package func rowRange(_ i: Int) -> Range<Int> { i * tile..<min((i + 1) * tile, rows) }

    /// Columns of the matrix that tile column `j` covers.
    package func columnRange(_ j: Int) -> Range<Int> { j * tile..<min((j + 1) * tile, columns) }

    /// Whether the file of a tile is there; its contents are checked when it is read.
    package func holds(_ i: Int, _ j: Int) -> Bool { access(file(i, j), F_OK) == 0 }

    /// Writes a tile.
    /// - Parameters:
    ///   - source: holds the tile's entries from (`row`, `column`) on, in the precision of the store.
    /// - Throws: ``StorageError`` of a failed system call; no part of the tile is left.
    package func write(
        _ i: Int, _ j: Int, from source: HostMatrix, row: Int, column: Int
    ) throws(StorageError) {
        let (height, width) = check(i, j, source, row, column)
        let size = precision.byteCount
        let chunk = Chunk(byteCount: byteCount)
        for r in 0..<height {
            let from = source.base + ((row + r) * source.columns + column) * size
            (chunk.bytes.baseAddress! + r * tile * size).copyMemory(from: from, byteCount: width * size)
        }
        chunk.seal()
        try Folder.make("\(path)/c/\(i)")
        try AtomicFile.write(to: file(i, j), calls: calls) { sink throws(StorageError) in
            try sink.write(UnsafeRawBufferPointer(chunk.bytes))
        }
    }

    /// Reads a tile.
    /// - Parameter target: gets the tile's entries from (`row`, `column`) on.
    /// - Throws: ``StorageError``, `missing` or `damaged` where the tile has to be computed anew.
    package func read(
        _ i: Int, _ j: Int, into target: HostMatrix, row: Int, column: Int
    ) throws(StorageError) {
        let (height, width) = check(i, j, target, row, column)
        let size = precision.byteCount
        let file = try FileReader(path: file(i, j))
        guard file.size == byteCount else {
            throw .damaged(file.path, "it has \(file.size) bytes and a tile has \(byteCount)")
        }
        let chunk = Chunk(byteCount: byteCount)
        guard try file.read(into: chunk.bytes) == byteCount else {
            throw .damaged(file.path, "it ends early")
        }
        guard chunk.isSealed else { throw .damaged(file.path, "its checksum does not match") }
        for r in 0..<height {
            let to = target.base + ((row + r) * target.columns + column) * size
            to.copyMemory(from: chunk.bytes.baseAddress! + r * tile * size, byteCount: width * size)
        }
    }

    /// Removes a tile, so that it counts as missing.
    package func remove(_ i: Int, _ j: Int) { unlink(file(i, j)) }

    /// Removes temporary files that killed processes left; see ``AtomicFile/removeLeftovers(in:olderThan:)``.
    package func removeLeftovers() {
        AtomicFile.removeLeftovers(in: path)
        for i in 0..<grid.rows { AtomicFile.removeLeftovers(in: "\(path)/c/\(i)") }
    }

    package func file(_ i: Int, _ j: Int) -> String { "\(path)/c/\(i)/\(j)" }

    /// Of a tile's file: the numbers and four bytes of checksum.
    private var byteCount: Int { tile * tile * precision.byteCount + 4 }

    private func check(
        _ i: Int, _ j: Int, _ matrix: HostMatrix, _ row: Int, _ column: Int
    ) -> (height: Int, width: Int) {
        precondition(
            (0..<grid.rows).contains(i) && (0..<grid.columns).contains(j), "no tile (\(i), \(j)) in a grid of \(grid)")
        let (height, width) = (rowRange(i).count, columnRange(j).count)
        precondition(
            matrix.precision == precision && row + height <= matrix.rows && column + width <= matrix.columns,
            "tile (\(i), \(j)) does not lie in \(matrix.rows) × \(matrix.columns) from (\(row), \(column)) on")
        return (height, width)
    }
}

/// The bytes of a tile's file: numbers, then their checksum, little endian.
private final class Chunk {
    let bytes: UnsafeMutableRawBufferPointer

    /// Zeros.
    init(byteCount: Int) {
        bytes = .allocate(byteCount: byteCount, alignment: 16)
        bytes.initializeMemory(as: UInt8.self, repeating: 0)
    }

    deinit { bytes.deallocate() }

    func seal() { bytes.storeBytes(of: checksum.littleEndian, toByteOffset: bytes.count - 4, as: UInt32.self) }

    var isSealed: Bool {
        UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: bytes.count - 4, as: UInt32.self)) == checksum
    }

    private var checksum: UInt32 { CRC32C.value(UnsafeRawBufferPointer(rebasing: bytes.dropLast(4))) }
}

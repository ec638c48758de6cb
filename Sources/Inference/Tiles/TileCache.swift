import Compute
import Foundation

/// The tiles of a matrix on disk that were used last, as many as fit in a number of bytes.
final class TileCache: @unchecked Sendable {
    private struct Place: Hashable {
        let i: Int
        let j: Int
    }

    private let capacity: Int
    private var tiles: [Place: (tile: HostMatrix, use: Int)] = [:]
    private var bytes = 0
    private var uses = 0
    private let lock = NSLock()

    /// - Parameter capacity: bytes.
    init(capacity: Int) { self.capacity = capacity }

    subscript(i: Int, j: Int) -> HostMatrix? {
        lock.withLock {
            guard let known = tiles[Place(i: i, j: j)] else { return nil }
            uses += 1
            tiles[Place(i: i, j: j)] = (known.tile, uses)
            return known.tile
        }
    }

    /// Adds a tile and forgets those that were not used for the longest time; one that has no room is not kept.
    func insert(_ tile: HostMatrix, _ i: Int, _ j: Int) {
        let size = Self.size(tile)
        lock.withLock {
            guard size <= capacity, tiles[Place(i: i, j: j)] == nil else { return }
            while bytes + size > capacity, let oldest = tiles.min(by: { $0.value.use < $1.value.use }) {
                bytes -= Self.size(oldest.value.tile)
                tiles[oldest.key] = nil
            }
            uses += 1
            tiles[Place(i: i, j: j)] = (tile, uses)
            bytes += size
        }
    }

    private static func size(_ tile: HostMatrix) -> Int { tile.rows * tile.columns * tile.precision.byteCount }
}

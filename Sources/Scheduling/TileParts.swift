import Synchronization

/// Finds out which part of a tile is the last to be done.
final class TileParts: Sendable {
    /// By tile index.
    private let wholes: [Int: Tile]
    private let pairsLeft: Mutex<[Int: Int]>

    init(_ tiles: [Tile]) {
        wholes = Dictionary(uniqueKeysWithValues: tiles.map { ($0.index, $0) })
        pairsLeft = Mutex(wholes.mapValues(\.pairs))
    }

    /// Enters a part that is done and, where nothing of its tile is left, completes the tile.
    /// - Parameter complete: given the whole tile. Where it throws the part counts as not done.
    /// - Returns: whether nothing of the tile is left.
    func finish(_ part: Tile, _ complete: (Tile) throws -> Void) throws -> Bool {
        guard add(-part.pairs, to: part.index) == 0, let whole = wholes[part.index] else { return false }
        do {
            try complete(whole)
        } catch {
            add(part.pairs, to: part.index)
            throw error
        }
        return true
    }

    @discardableResult
    private func add(_ pairs: Int, to tile: Int) -> Int {
        pairsLeft.withLock { left in
            left[tile, default: 0] += pairs
            return left[tile, default: 0]
        }
    }
}

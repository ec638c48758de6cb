/// The tiles of a Gram matrix in the order in which they are handed out: most pairs first, then by index, so that
/// devices end at nearly the same time.
package struct TilePlan: Sendable, Equatable {
    /// Rows of the matrix.
    package let rows: Int
    /// Columns of the matrix.
    package let columns: Int
    /// Rows and columns of a full tile; those at the end may be smaller.
    package let tile: Int
    package let tiles: [Tile]

    /// Pairs that the plan's tiles compute.
    package var pairs: Int { tiles.reduce(0) { $0 + $1.pairs } }

    /// The tiles on and below the diagonal of a symmetric count × count matrix; those on the diagonal have equal
    /// ranges and compute i ≥ j only. Together count · (count + 1) / 2 pairs.
    package static func lowerTriangle(count: Int, tile: Int) -> TilePlan {
        let ranges = split(count, into: tile)
        var tiles: [Tile] = []
        for (i, rows) in ranges.enumerated() {
            for (j, columns) in ranges[...i].enumerated() {
                let pairs = i == j ? rows.count * (rows.count + 1) / 2 : rows.count * columns.count
                tiles.append(Tile(index: tiles.count, rows: rows, columns: columns, pairs: pairs))
            }
        }
        return TilePlan(rows: count, columns: count, tile: tile, tiles: ordered(tiles))
    }

    /// All tiles of a rows × columns matrix.
    package static func rectangle(rows: Int, columns: Int, tile: Int) -> TilePlan {
        var tiles: [Tile] = []
        for rowRange in split(rows, into: tile) {
            for columnRange in split(columns, into: tile) {
                tiles.append(
                    Tile(
                        index: tiles.count, rows: rowRange, columns: columnRange,
                        pairs: rowRange.count * columnRange.count))
            }
        }
        return TilePlan(rows: rows, columns: columns, tile: tile, tiles: ordered(tiles))
    }

    /// The plan without the tiles that are done already.
    /// - Parameter done: indices of tiles.
    package func excluding(_ done: Set<Int>) -> TilePlan {
        TilePlan(rows: rows, columns: columns, tile: tile, tiles: tiles.filter { !done.contains($0.index) })
    }

    /// Part `index` of `count` parts of nearly equal work that together are the plan.
    package func shard(_ index: Int, of count: Int) -> TilePlan {
        precondition(count > 0 && (0..<count).contains(index), "no shard \(index) of \(count)")
        let part = tiles.enumerated().filter { $0.offset % count == index }.map(\.element)
        return TilePlan(rows: rows, columns: columns, tile: tile, tiles: part)
    }

    private static func split(_ count: Int, into size: Int) -> [Range<Int>] {
        precondition(count >= 0 && size > 0, "\(count) rows do not split into tiles of \(size)")
        return stride(from: 0, to: count, by: size).map { $0..<min($0 + size, count) }
    }

    private static func ordered(_ tiles: [Tile]) -> [Tile] {
        tiles.sorted { ($1.pairs, $0.index) < ($0.pairs, $1.index) }
    }
}

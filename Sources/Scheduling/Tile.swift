/// A rectangle of a Gram matrix, or a part of one: the unit of work that a device is handed.
package struct Tile: Sendable, Hashable {
    /// Position in the row-major grid of tiles, that of the whole tile for a part; independent of the order of
    /// execution, so that stores can use it.
    package let index: Int
    package let rows: Range<Int>
    package let columns: Range<Int>
    /// Pairs that are computed: all of the rectangle, or i ≥ j only for a tile on the diagonal of a symmetric plan.
    package let pairs: Int
}

extension Tile {
    /// Only i ≥ j is computed.
    private var isTriangular: Bool { rows == columns && pairs < rows.count * columns.count }

    /// Splits off the first rows.
    /// - Parameters:
    ///   - wanted: pairs of the part, about: it has whole steps of `grain` rows, at least one.
    /// - Returns: the part and the rest, which together hold every pair of the tile once; nil where the tile is not
    ///   larger than the part would be.
    func split(pairs wanted: Int, grain: Int) -> (part: Tile, rest: [Tile])? {
        let fitting = isTriangular ? Int((2 * Double(wanted)).squareRoot()) : wanted / max(columns.count, 1)
        let height = max(1, fitting / grain) * grain
        guard height < rows.count else { return nil }
        let upper = rows.prefix(height)
        let lower = rows.dropFirst(height)
        func rectangle(_ rows: Range<Int>, _ columns: Range<Int>) -> Tile {
            Tile(index: index, rows: rows, columns: columns, pairs: rows.count * columns.count)
        }
        guard isTriangular else { return (rectangle(upper, columns), [rectangle(lower, columns)]) }
        func triangle(_ rows: Range<Int>) -> Tile {
            Tile(index: index, rows: rows, columns: rows, pairs: rows.count * (rows.count + 1) / 2)
        }
        return (triangle(upper), [triangle(lower), rectangle(lower, upper)])
    }
}

extension Tile: CustomStringConvertible {
    package var description: String { "tile \(index) (rows \(rows), columns \(columns))" }
}

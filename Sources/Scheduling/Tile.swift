/// A rectangle of a Gram matrix: the unit of work that a device is handed.
package struct Tile: Sendable, Hashable {
    /// Position in the row-major grid of tiles; independent of the order of execution, so that stores can use it.
    package let index: Int
    package let rows: Range<Int>
    package let columns: Range<Int>
    /// Pairs that are computed: all of the rectangle, or i ≥ j only for a tile on the diagonal of a symmetric plan.
    package let pairs: Int
}

extension Tile: CustomStringConvertible {
    package var description: String { "tile \(index) (rows \(rows), columns \(columns))" }
}

import Compute
import Scheduling

/// Where the finished tiles of a symmetric Gram matrix are kept, so that a run that was stopped goes on from them.
package protocol TileKeeper: Sendable {
    /// Rows and columns of the tiles that are kept already; nil where there are none.
    var tile: Int? { get }

    /// Puts the tiles that are kept into the matrices, on both sides of the diagonal.
    /// - Returns: indices of the plan's tiles that are complete.
    func restore(_ plan: TilePlan, into matrices: [CovarianceKind: HostMatrix]) throws -> Set<Int>

    /// Keeps a tile that has just been computed. Called on the thread of the device that computed it.
    func keep(_ tile: Tile, of matrices: [CovarianceKind: HostMatrix]) throws
}

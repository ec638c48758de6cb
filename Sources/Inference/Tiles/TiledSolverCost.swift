import Compute

/// What it takes to solve with a matrix on disk, reckoned before anything is computed.
///
/// Seconds are those of a machine with 100 GFLOP/s in float64 and a disk of 1 GB/s; only their ratio decides.
/// Conjugate gradients are reckoned by a bound: with a mean diagonal of 1 the eigenvalue p + 1 is at most n / (p + 1), so
/// that a preconditioner of rank p leaves a condition of at most 1 + n / ((p + 1) r) for a relative ridge r.
package struct TiledSolverCost: Sendable, Equatable {
    /// Seconds of the factorisation and the two solves.
    package let cholesky: Double
    /// Seconds of conjugate gradients; nil where their number has no bound.
    package let conjugateGradients: Double?

    private static let flopRate = 1e11
    private static let byteRate = 1e9

    /// - Parameters:
    ///   - n: training points.
    ///   - outputs: right-hand sides.
    ///   - tile: rows of a tile.
    ///   - precision: of the tiles of Θ.
    ///   - options: the ridge; one that is not relative gives no bound.
    package init(
        _ n: Int, outputs: Int, tile: Int, precision: Precision, rank: Int, options: KernelRegression.Options
    ) {
        let (points, tiles) = (Double(n), Double((n + tile - 1) / tile))
        let factorBytes = 8 * Double(tile * tile)
        let triangle = points * points / 2 * Double(precision.byteCount)
        cholesky =
            points * points * points / 3 / Self.flopRate
            + (triangle + tiles * tiles * tiles / 6 * factorBytes + 3 * tiles * tiles / 2 * factorBytes)
            / Self.byteRate
        guard options.diagReg > 0, options.diagRegScale == .relative else {
            conjugateGradients = nil
            return
        }
        let condition = 1 + points / (Double(rank + 1) * options.diagReg)
        let products = min(10 * points, condition.squareRoot() / 2 * Self.digits)
        let perProduct = triangle / Self.byteRate + 4 * points * points * Double(outputs) / Self.flopRate
        let sketch = triangle / Self.byteRate + 2 * points * points * Double(rank) / Self.flopRate
        conjugateGradients = sketch + products * perProduct
    }

    /// ln(2 / 1e-10): what the bound of conjugate gradients asks for at their tolerance.
    private static let digits = 23.7

    /// The cheaper one.
    package var best: KernelRegression.Solver {
        conjugateGradients.map { $0 < cholesky } == true ? .cg : .cholesky
    }
}

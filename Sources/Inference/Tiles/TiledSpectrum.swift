import Compute

/// The largest eigenvalues of a matrix on disk, by the block Lanczos method that finds them in memory too: all that it
/// asks of the matrix are products.
extension Spectrum {
    /// Whether the largest eigenvalues of n can be found on disk: the basis has fewer vectors than there are points.
    package static func isFoundOnDisk(_ count: Int, of n: Int) -> Bool { n > krylov(count).capacity }

    /// Bytes of vectors that the search holds in memory.
    package static func diskMemory(_ count: Int, of n: Int) -> Int {
        let method = krylov(count)
        // The basis and its image, the block to come; at a restart the kept vectors and their image once more.
        return 8 * n * (2 * method.capacity + method.block + 2 * method.kept)
    }

    /// The `count` largest eigenvalues and their vectors.
    /// - Parameters:
    ///   - memory: bytes of tiles that stay in memory from one product to the next.
    ///   - control: told of products; their number is not known before.
    ///   - tolerance: wanted ‖Θv − λv‖ / λ_0.
    /// - Throws: `InferenceError.spectrumNotConverged`, `.storage`, `.cancelled`, `.notFinite`, `.outOfMemory`.
    /// - Complexity: some ten to some hundred products of Θ with `count` / 3 vectors, each of which reads it as far as it
    ///   is not in memory.
    package static func largest(
        _ count: Int, of tiles: any SymmetricTiles, memory: Int,
        control: TiledRegression.Control = .init(),
        tolerance: Double = 1e-12
    ) throws(InferenceError) -> Spectrum {
        precondition(
            count > 0 && isFoundOnDisk(count, of: tiles.n), "\(count) eigenvalues of \(tiles.n) on disk")
        var method = krylov(count, tolerance)
        method.onProduct = { [limit = method.productLimit] in control.progress($0, limit) }
        let solution = try method.solve(
            TiledOperator(tiles, memory: memory, isCancelled: control.isCancelled))
        return Spectrum(
            eigenvalues: solution.eigenvalues, rows: solution.rows, residual: solution.residual)
    }

    /// Whether these are eigenpairs of a matrix on disk.
    /// - Complexity: Θ is read once.
    package func fits(_ tiles: any SymmetricTiles) throws(InferenceError) -> Bool {
        guard tiles.n == n else { return false }
        let matrix = TiledOperator(tiles, memory: 0)
        return try fits { x throws(InferenceError) in try ConjugateGradients.product(matrix, 0, x, 1) }
    }

    private static func krylov(_ count: Int, _ tolerance: Double = 1e-12) -> BlockKrylov {
        BlockKrylov(count: count, tolerance: tolerance)
    }
}

import COpenBLAS
import Compute
import Dispatch
import Foundation
import Storage

/// Θ + λI = L Lᵀ in float64 for a matrix on disk, with L on disk too: a left-looking factorisation by tiles.
///
/// `L_ij = (T_ij − Σ_{k<j} L_ik L_jkᵀ) L_jj⁻ᵀ`, column after column. A tile of L depends on nothing but tiles of
/// earlier columns and its own diagonal tile, its sum runs over k in order, and it is written whole with a checksum: a
/// factorisation that was stopped goes on from the tiles that are there, ends with the same bytes, and a tile that is
/// damaged or lost is computed anew when it is read. The products, nearly all of the n³/3 flops, run on the devices;
/// what is left of a tile is LAPACK's on the host.
///
/// Source: Golub & Van Loan, Matrix Computations, section 4.2 (block Cholesky).
package final class TiledCholesky: Sendable {
    let matrix: any SymmetricTiles
    let ridge: Double
    private let diagReg: Double
    private let store: ZarrMatrix
    private let multipliers: [TileMultiplier]
    private let cache: TileCache
    private let warn: @Sendable (String) -> Void

    /// - Parameters:
    ///   - ridge: λ, added to the diagonal.
    ///   - diagReg: what the user set, for the error's advice.
    ///   - store: of L, n × n in float64, in tiles of the size of those of Θ; used by nobody else at the same time.
    ///   - memory: bytes of tiles of L that may be kept beside the four that each device works on.
    ///   - warn: told of damaged tiles.
    package init(
        _ matrix: any SymmetricTiles, ridge: Double, diagReg: Double, in store: ZarrMatrix,
        on backends: [any Backend], memory: Int, warn: @escaping @Sendable (String) -> Void = { _ in }
    ) {
        precondition(
            store.rows == matrix.n && store.tile == matrix.tile && store.precision == .float64,
            "a store of \(store.rows) rows in tiles of \(store.tile) for \(matrix.n) in tiles of \(matrix.tile)")
        self.matrix = matrix
        self.ridge = ridge
        self.diagReg = diagReg
        self.store = store
        multipliers = TileMultiplier.all(backends, tile: matrix.tile)
        cache = TileCache(capacity: memory)
        self.warn = warn
    }

    var count: Int { matrix.count }

    /// Computes the tiles of L that are missing.
    /// - Parameters:
    ///   - progress: told how many tiles are done, of how many; called from one thread at a time.
    ///   - isCancelled: asked between tiles.
    /// - Throws: `InferenceError.notPositiveDefinite`, `.notFinite`, `.storage`, `.device`, `.outOfMemory`,
    ///   `.cancelled`.
    /// - Complexity: n³/3 flops; each column reads the tiles of L to its left, from memory as far as they fit.
    package func factor(
        progress: (_ done: Int, _ total: Int) -> Void = { _, _ in },
        isCancelled: @escaping @Sendable () -> Bool = { false }
    ) throws(InferenceError) {
        var done = 0
        let total = count * (count + 1) / 2
        for j in 0..<count {
            if isCancelled() { throw .cancelled }
            if !store.holds(j, j) { _ = try compute(j, j, multipliers[0]) }
            let missing = (j + 1..<count).filter { !store.holds($0, j) }
            done += count - j - missing.count
            progress(done, total)
            // A few rows at a time, so that progress moves and a signal is heard.
            for start in stride(from: 0, to: missing.count, by: multipliers.count) {
                if isCancelled() { throw .cancelled }
                let rows = missing[start..<min(start + multipliers.count, missing.count)]
                try compute(Array(rows), j)
                done += rows.count
                progress(done, total)
            }
        }
    }

    /// Tiles of one column, each on a device of its own.
    private func compute(_ rows: [Int], _ j: Int) throws(InferenceError) {
        let failures = Failures()
        DispatchQueue.concurrentPerform(iterations: rows.count) { place in
            do throws(InferenceError) {
                _ = try compute(rows[place], j, multipliers[place])
            } catch {
                failures.add(error)
            }
        }
        if let error = failures.first { throw error }
    }

    /// A tile of L: kept, on disk, or computed.
    func tile(_ i: Int, _ j: Int) throws(InferenceError) -> HostMatrix { try tile(i, j, multipliers[0]) }

    private func tile(_ i: Int, _ j: Int, _ multiplier: TileMultiplier) throws(InferenceError) -> HostMatrix {
        if let known = cache[i, j] { return known }
        guard store.holds(i, j) else { return try compute(i, j, multiplier) }
        let target = try SymmetricMatrix.matrix(matrix.range(i).count, matrix.range(j).count)
        let failure: StorageError?
        do throws(StorageError) {
            try store.read(i, j, into: target, row: 0, column: 0)
            failure = nil
        } catch { failure = error }
        if let failure {
            guard failure.kind == .damaged || failure.kind == .missing else { throw .storage(failure) }
            warn("\(failure.path) is damaged: \(failure.reason); the tile is computed anew")
            store.remove(i, j)
            return try compute(i, j, multiplier)
        }
        cache.insert(target, i, j)
        return target
    }

    private func compute(_ i: Int, _ j: Int, _ multiplier: TileMultiplier) throws(InferenceError) -> HostMatrix {
        var target = try matrix.widened(i, j)
        let width = matrix.range(j).count
        let diagonal = i == j ? (0..<width).map { target.doubles[$0 * width + $0] + ridge } : []
        for (place, value) in diagonal.enumerated() { target.doubles[place * width + place] = value }
        try multiplier.subtract(from: target, j) { k throws(InferenceError) in
            let left = try tile(i, k, multiplier)
            return (left, i == j ? left : try tile(j, k, multiplier))
        }
        if i == j {
            target = try factor(target, diagonal, column: j)
        } else {
            let corner = try tile(j, j, multiplier)
            BLASThreads.all {
                cblas_dtrsm(
                    CblasRowMajor, CblasRight, CblasLower, CblasTrans, CblasNonUnit, Int32(target.rows), Int32(width),
                    1, corner.doubles, Int32(width), target.doubles, Int32(width))
            }
        }
        do throws(StorageError) { try store.write(i, j, from: target, row: 0, column: 0) } catch {
            throw .storage(error)
        }
        cache.insert(target, i, j)
        return target
    }

    /// The factor of a diagonal tile from which the columns to its left have been subtracted.
    private func factor(_ tile: HostMatrix, _ diagonal: [Double], column j: Int) throws(InferenceError) -> HostMatrix {
        do throws(InferenceError) {
            return try CholeskyFactor(tile, ridge: 0, diagReg: diagReg) { row in
                CholeskyFactor.smallestPivot(diagonal: diagonal[row], of: matrix.n)
            }.matrix
        } catch {
            guard case .notPositiveDefinite(let row, _, let pivot, _) = error else { throw error }
            throw .notPositiveDefinite(
                row: matrix.range(j).lowerBound + row, of: matrix.n, pivot: pivot, diagReg: diagReg)
        }
    }
}

/// What went wrong, noted from several threads.
private final class Failures: @unchecked Sendable {
    private var errors: [InferenceError] = []
    private let lock = NSLock()

    func add(_ error: InferenceError) { lock.withLock { errors.append(error) } }

    var first: InferenceError? { lock.withLock { errors.first } }
}

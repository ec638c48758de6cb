import Compute
import Datasets
import Foundation
import Scheduling
import Storage
import TangentKernels

/// The tiles of the training Gram matrices of one net, in `gram.zarr` for that of `model`, from which a run that was
/// stopped goes on.
///
/// With `compute.store: auto` the store is begun once the matrix has taken ``patience`` seconds: a shorter loss is not
/// worth the disk. A store that is there, be it empty, is used from the beginning.
final class GramStore: TileKeeper, @unchecked Sendable {
    static let patience = Duration.seconds(5)

    private let path: String
    private let origin: GramOrigin
    private let isEager: Bool
    private let journal: RunJournal
    private let begin = ContinuousClock.now
    private let lock = NSLock()
    /// Tiles that are done and not in a store yet.
    private var waiting: [Tile] = []
    private var stored: [CovarianceKind: ZarrMatrix] = [:]
    let tile: Int?
    /// Rows and columns of the plan's tiles.
    private var size = 1

    /// - Parameters:
    ///   - path: of the store.
    ///   - configuration: its `model` is the net.
    /// - Returns: nil where the configuration wants no store.
    /// - Throws: ``RunFolderError`` where the store was made from something else.
    init?(
        _ path: String, _ configuration: Configuration, _ dataset: Dataset, _ version: BuildVersion,
        _ journal: RunJournal
    ) throws {
        guard configuration.compute.store != .never else { return nil }
        self.path = path
        self.journal = journal
        origin = try GramOrigin(configuration, dataset, version)
        isEager = configuration.compute.store == .always || Folder.exists(path)
        let store = try Self.open(path, origin)
        for kind in CovarianceKind.allCases { stored[kind] = try store?.matrix(kind.rawValue) }
        tile = stored.values.first?.tile
    }

    /// Opens the store at `path`, if there is one.
    private static func open(_ path: String, _ origin: GramOrigin) throws -> TileStore? {
        guard let store = try TileStore.open(path: path) else { return nil }
        let differences = store.differences(from: origin.attributes)
        guard differences.isEmpty else {
            throw RunFolderError(
                .taken,
                "the tile store '\(path)' holds another Gram matrix (differs in: \(differences.joined(separator: ", "))"
                    + "); remove it to have it computed anew")
        }
        return store
    }

    func restore(_ plan: TilePlan, into matrices: [CovarianceKind: HostMatrix]) throws -> Set<Int> {
        size = plan.tile
        guard isEager else { return [] }
        try begin(matrices)
        var complete: Set<Int> = []
        for tile in plan.tiles {
            if try restore(tile, into: matrices) { complete.insert(tile.index) }
        }
        if !complete.isEmpty {
            journal.note(
                "restored", ["tiles": "\(complete.count)", "of": "\(plan.tiles.count)", "store": path])
        }
        return complete
    }

    func keep(_ tile: Tile, of matrices: [CovarianceKind: HostMatrix]) throws {
        let due: [Tile] = try lock.withLock {
            waiting.append(tile)
            if stored.count < matrices.count {
                guard ContinuousClock.now - begin > Self.patience else { return [] }
                try begin(matrices)
            }
            defer { waiting = [] }
            return waiting
        }
        for tile in due {
            for (kind, matrix) in matrices {
                guard let store = stored[kind] else { continue }
                try store.write(
                    tile.rows.lowerBound / store.tile, tile.columns.lowerBound / store.tile, from: matrix,
                    row: tile.rows.lowerBound, column: tile.columns.lowerBound)
            }
        }
    }

    /// Makes the store, and the matrices that it lacks.
    private func begin(_ matrices: [CovarianceKind: HostMatrix]) throws {
        let store = try Self.open(path, origin) ?? TileStore.create(path: path, attributes: origin.attributes)
        for (kind, matrix) in matrices {
            guard stored[kind] == nil else { continue }
            stored[kind] = try store.lowerTriangle(
                kind.rawValue, size: matrix.rows, tile: size, precision: matrix.precision)
        }
        AtomicFile.removeLeftovers(in: path)
        for matrix in stored.values { matrix.removeLeftovers() }
    }

    /// Reads a tile of all matrices.
    /// - Returns: whether it was there and sound.
    private func restore(_ tile: Tile, into matrices: [CovarianceKind: HostMatrix]) throws -> Bool {
        let (i, j) = (tile.rows.lowerBound / size, tile.columns.lowerBound / size)
        let sources = matrices.compactMap { kind, matrix in stored[kind].map { (source: $0, target: matrix) } }
        guard sources.allSatisfy({ $0.source.holds(i, j) }) else { return false }
        for (source, target) in sources {
            let failure: StorageError?
            do throws(StorageError) {
                try source.read(i, j, into: target, row: tile.rows.lowerBound, column: tile.columns.lowerBound)
                failure = nil
            } catch { failure = error }
            if let failure {
                guard failure.kind == .damaged else { throw failure }
                journal.warn("\(failure.path) is damaged: \(failure.reason); the tile is computed anew")
                source.remove(i, j)
                return false
            }
            if tile.rows != tile.columns { target.mirror(rows: tile.rows, columns: tile.columns) }
        }
        return true
    }
}

extension RunFolder {
    /// The tile store of a net, where there is one.
    /// - Parameter suffix: of the names of the net's arrays; empty for that of `model`.
    func gramStore(suffix: String) -> String { path + "/gram\(suffix).zarr" }
}

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
    let origin: GramOrigin
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
        guard isEager, let first = matrices.values.first else { return [] }
        try prepare(Set(matrices.keys), plan, first.precision)
        return try complete(plan) { tile in
            for (kind, target) in matrices {
                try read(tile, kind, into: target, row: tile.rows.lowerBound, column: tile.columns.lowerBound)
            }
            if tile.rows != tile.columns {
                for target in matrices.values { target.mirror(rows: tile.rows, columns: tile.columns) }
            }
        }
    }

    /// Makes the store ready for the tiles of matrices that are never in memory as a whole.
    /// - Returns: indices of the plan's tiles that are there and sound.
    func begin(_ kinds: Set<CovarianceKind>, _ plan: TilePlan, _ precision: Precision) throws -> Set<Int> {
        size = plan.tile
        try prepare(kinds, plan, precision)
        let scratch = try HostMatrix(rows: plan.tile, columns: plan.tile, precision: precision)
        return try complete(plan) { tile in
            for kind in kinds { try read(tile, kind, into: scratch, row: 0, column: 0) }
        }
    }

    /// A matrix of the store; nil where it has not been begun.
    func matrix(_ kind: CovarianceKind) -> ZarrMatrix? { stored[kind] }

    func keep(_ tile: Tile, of matrices: [CovarianceKind: HostMatrix]) throws {
        let due: [Tile] = try lock.withLock {
            waiting.append(tile)
            if stored.count < matrices.count, let first = matrices.values.first {
                guard ContinuousClock.now - begin > Self.patience else { return [] }
                try prepare(
                    Set(matrices.keys), .lowerTriangle(count: first.rows, tile: size), first.precision)
            }
            defer { waiting = [] }
            return waiting
        }
        for tile in due {
            try write(
                .init(tile: tile, matrices: matrices, row: tile.rows.lowerBound, column: tile.columns.lowerBound))
        }
    }

    /// Keeps a tile in a store that is ready.
    func write(_ delivery: GramTiles.Delivery) throws {
        let tile = delivery.tile
        for (kind, matrix) in delivery.matrices {
            guard let store = stored[kind] else { continue }
            try store.write(
                tile.rows.lowerBound / store.tile, tile.columns.lowerBound / store.tile, from: matrix,
                row: delivery.row, column: delivery.column)
        }
    }

    /// Makes the store, and the matrices that it lacks.
    private func prepare(_ kinds: Set<CovarianceKind>, _ plan: TilePlan, _ precision: Precision) throws {
        let store = try Self.open(path, origin) ?? TileStore.create(path: path, attributes: origin.attributes)
        for kind in kinds where stored[kind] == nil {
            stored[kind] = try store.lowerTriangle(
                kind.rawValue, size: plan.rows, tile: plan.tile, precision: precision)
        }
        AtomicFile.removeLeftovers(in: path)
        for matrix in stored.values { matrix.removeLeftovers() }
    }

    /// Indices of the tiles that `read` can take from the store; damaged ones are named and removed.
    private func complete(_ plan: TilePlan, _ read: (Tile) throws -> Void) throws -> Set<Int> {
        var complete: Set<Int> = []
        for tile in plan.tiles {
            try Task.checkCancellation()
            do {
                try read(tile)
                complete.insert(tile.index)
            } catch let failure as StorageError {
                guard failure.kind == .missing || failure.kind == .damaged else { throw failure }
                guard failure.kind == .damaged else { continue }
                journal.warn("\(failure.path) is damaged: \(failure.reason); the tile is computed anew")
                for store in stored.values { store.remove(tile.rows.lowerBound / size, tile.columns.lowerBound / size) }
            }
        }
        if !complete.isEmpty {
            journal.note(
                "restored", ["tiles": "\(complete.count)", "of": "\(plan.tiles.count)", "store": path])
        }
        return complete
    }

    private func read(
        _ tile: Tile, _ kind: CovarianceKind, into target: HostMatrix, row: Int, column: Int
    ) throws(StorageError) {
        try stored[kind]?.read(
            tile.rows.lowerBound / size, tile.columns.lowerBound / size, into: target, row: row, column: column)
    }
}

extension RunFolder {
    /// The tile store of a net, where there is one.
    /// - Parameter suffix: of the net, empty for that of `model`.
    package func gramStore(suffix: String = "") -> String { path + "/gram\(suffix).zarr" }
}

extension RunStages {
    /// Where the tiles of the Gram matrices of a net are kept, whichever stage computes them.
    func gramStore(of net: ModelSection) throws -> GramStore? {
        var other = configuration
        other.model = net
        let path = folder.gramStore(suffix: configuration.gramSuffix(of: net))
        return try GramStore(path, other, dataset, version, journal)
    }
}

extension Configuration {
    /// What the tile store of a net is called by: nothing for that of `model`, else `_conv-3`.
    fileprivate func gramSuffix(of net: ModelSection) -> String {
        var nets = [model]
        let further =
            (features?.architectures ?? []) + networks.filter { $0.kernel != nil }.map(\.model)
            + (transfer?.models ?? []).compactMap(\.model)
        for other in further where !nets.contains(other) { nets.append(other) }
        guard let place = nets.firstIndex(of: net) else { preconditionFailure("a net that no stage asks for") }
        let names = DistinctNames.make(given: nets.map { _ in nil }, own: nets.map(\.label))
        return place == 0 ? "" : "_\(names[place])"
    }
}

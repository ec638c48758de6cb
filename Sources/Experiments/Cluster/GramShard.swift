import Compute
import Datasets
import Foundation
import Scheduling
import Storage
import TangentKernels

/// The tiles of one shard of a run's training Gram matrix, computed into its store.
///
/// Shards need no locks and no coordinator: a tile is a function of its place, appears whole, and one that two tasks
/// compute is the same twice.
package struct GramShard: Sendable {
    let folder: RunFolder
    let shard: Shard
    let backends: [any Backend]
    let version: BuildVersion
    let observer: RunObserver

    /// - Parameter folder: of a run that has been frozen; it may be shared by many tasks.
    package init(
        _ folder: RunFolder, shard: Shard, backends: [any Backend], version: BuildVersion,
        observer: @escaping RunObserver
    ) {
        self.folder = folder
        self.shard = shard
        self.backends = backends
        self.version = version
        self.observer = observer
    }

    /// What became of the shard's tiles.
    package struct Outcome: Sendable {
        package let computed: Int
        package let found: Int
    }

    /// Computes what is missing. Cancelling the task ends it after the tiles in hand.
    /// - Throws: what a run throws; `RunError.interrupted` where the task was cancelled.
    package func execute() async throws -> Outcome {
        let configuration = try folder.configuration()
        let dataset = try Dataset.load(configuration.data.request)
        let program = try configuration.program(inputShape: dataset.inputShape)
        let journal = RunJournal(folder: folder, observer: observer)
        try Folder.make(folder.path + "/shards")
        let log = try RunLog(path: "\(folder.path)/shards/\(shard.index)-of-\(shard.count).jsonl", JobIdentity.fields)
        let (store, plan) = try Self.prepare(
            folder, configuration, dataset, program, backends, version, journal)
        do {
            let part = plan.shard(shard.index, of: shard.count)
            let complete = try store.begin(configuration.kinds, part, configuration.compute.precision)
            let missing = part.excluding(complete)
            log.info("begin", ["tiles": "\(part.tiles.count)", "found": "\(complete.count)"])
            let assembly = GramAssembly(
                program: program, precision: configuration.compute.precision, backends: backends, tile: plan.tile)
            let line = ProgressLine(label: "gram shard \(shard)")
            try await GramTiles(assembly, dataset.trainInputs, configuration.kinds).compute(
                missing, observer: { [observer] _, progress in observer(.progress(line.text(progress))) }
            ) { delivery in
                try store.write(delivery)
                log.info("tile", ["index": "\(delivery.tile.index)"])
            }
            log.info("end", ["computed": "\(missing.tiles.count)"])
            return Outcome(computed: missing.tiles.count, found: complete.count)
        } catch {
            log.info("end", ["error": "\(error)"])
            if Task.isCancelled { throw RunError.interrupted(stage: "gram shard \(shard)") }
            throw error
        }
    }

    /// Makes the store of a frozen run before its shards start, so that all of them agree on its tiles.
    package static func prepare(
        _ folder: RunFolder, _ configuration: Configuration, backends: [any Backend], version: BuildVersion
    ) throws {
        let dataset = try Dataset.load(configuration.data.request)
        let program = try configuration.program(inputShape: dataset.inputShape)
        let journal = RunJournal(folder: folder, observer: { _ in })
        let (store, plan) = try prepare(folder, configuration, dataset, program, backends, version, journal)
        _ = try store.begin(
            configuration.kinds, plan.excluding(Set(plan.tiles.map(\.index))), configuration.compute.precision)
    }

    private static func prepare(
        _ folder: RunFolder, _ configuration: Configuration, _ dataset: Dataset, _ program: CovarianceProgram,
        _ backends: [any Backend], _ version: BuildVersion, _ journal: RunJournal
    ) throws -> (GramStore, TilePlan) {
        guard let store = try GramStore(folder.gramStore(), configuration, dataset, version, journal) else {
            throw configuration.error(at: "compute.store", "never keeps tiles, and shards need a store; set it to auto")
        }
        let sizes = SolvePlan.Sizes(dataset)
        let solve = SolvePlan(configuration, sizes, geometry: program.geometry, devices: backends.count)
        let assembly = GramAssembly(
            program: program, precision: configuration.compute.precision, backends: backends,
            tile: configuration.compute.tile)
        let tile = store.tile ?? (solve.isOnDisk ? solve.tile : assembly.tileSize)
        return (store, .lowerTriangle(count: dataset.trainInputs.count, tile: tile))
    }
}

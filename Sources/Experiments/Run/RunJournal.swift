import Compute
import Datasets
import Foundation

/// Status, log and manifest of a run while it goes on.
final class RunJournal: @unchecked Sendable {
    private let folder: RunFolder
    private let observer: RunObserver
    private let lock = NSLock()
    private var manifest = Manifest()
    private var current = "data"
    /// Tiles of the stage that goes on.
    private var tiles = (done: 0, total: 0)
    private var lastWritten = ContinuousClock.now
    private var log: RunLog?

    init(folder: RunFolder, observer: @escaping RunObserver) {
        self.folder = folder
        self.observer = observer
    }

    /// The stage that goes on.
    var stage: String { lock.withLock { current } }

    func open(_ dataset: Dataset, _ backends: [any Backend], version: BuildVersion, seed: Int) throws {
        manifest = try folder.manifest()
        manifest.version = version.version
        manifest.commit = version.commit
        manifest.devices = backends.map {
            .init(backend: $0.device.backend, index: $0.device.index, name: $0.device.name, driver: $0.device.driver)
        }
        manifest.points = ["train": dataset.trainInputs.count, "test": dataset.testInputs.count]
        manifest.seeds = ["run": seed]
        manifest.seconds = [:]
        manifest.repairs = []
        log = try RunLog(path: folder.path + "/log.jsonl", JobIdentity.fields)
        try folder.write(RunStatus(.running, stage: "data"))
    }

    /// Runs one stage, with its time in the manifest.
    func measure<T>(_ stage: String, _ work: () async throws -> T) async throws -> T {
        try Task.checkCancellation()
        lock.withLock {
            current = stage
            tiles = (0, 0)
        }
        observer(.stage(stage))
        log?.info("stage", ["stage": stage])
        try folder.write(RunStatus(.running, stage: stage))
        let start = ContinuousClock.now
        let result = try await work()
        add(seconds: (ContinuousClock.now - start) / .seconds(1), to: stage)
        return result
    }

    func add(seconds: Double, to stage: String) {
        lock.withLock { manifest.seconds[stage, default: 0] += seconds }
    }

    /// Tells how far the stage is; the status file follows at most once a second.
    func progress(_ line: String, done: Int, total: Int) {
        observer(.progress(line))
        let isDue = lock.withLock {
            tiles = (done, total)
            guard ContinuousClock.now - lastWritten > .seconds(1) else { return false }
            lastWritten = .now
            return true
        }
        guard isDue else { return }
        // A status that cannot be written now is written, or reported, at the end of the stage.
        try? folder.write(RunStatus(.running, stage: stage, tilesDone: done, tilesTotal: total))
    }

    /// An entry of the log.
    func note(_ message: String, _ fields: [String: String]) { log?.info(message, fields) }

    func warn(_ sentence: String) {
        observer(.warning(sentence))
        log?.warning(sentence)
    }

    /// Puts what was measured so far into the folder.
    func save() throws {
        manifest.peakMemory = ProcessMemory.peak
        try folder.write(lock.withLock { manifest })
    }

    func close(_ state: RunStatus.State, message: String? = nil) throws {
        log?.info("end", ["state": state.rawValue])
        try save()
        let (stage, tiles) = lock.withLock { (current, self.tiles) }
        try folder.write(
            RunStatus(state, stage: stage, tilesDone: tiles.done, tilesTotal: tiles.total, message: message))
    }
}

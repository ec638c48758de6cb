import Compute
import Datasets
import Foundation
import Scheduling

/// Status, log and manifest of a run while it goes on.
final class RunJournal: @unchecked Sendable {
    private let folder: RunFolder
    private let observer: RunObserver
    private let trace: RunTrace?
    private let metrics: RunMetrics?
    private let lock = NSLock()
    private var manifest = Manifest()
    private var current = "data"
    /// Tiles of the stage that goes on.
    private var tiles = (done: 0, total: 0)
    private var lastWritten = ContinuousClock.now
    private var warnings = 0
    private var log: RunLog?

    init(
        folder: RunFolder, trace: RunTrace? = nil, metrics: RunMetrics? = nil, observer: @escaping RunObserver
    ) {
        self.folder = folder
        self.trace = trace
        self.metrics = metrics
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
        manifest.secondsPerStepAndPoint = [:]
        manifest.repairs = []
        log = try RunLog(path: folder.path + "/log.jsonl", JobIdentity.fields)
        try write(RunStatus(.running, stage: "data"))
    }

    /// Tells everybody outside how far the run is.
    private func write(_ status: RunStatus) throws {
        try folder.write(status)
        let (manifest, warnings) = lock.withLock { (self.manifest, self.warnings) }
        try metrics?.write(status, manifest, warnings: warnings)
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
        try write(RunStatus(.running, stage: stage))
        let start = ContinuousClock.now
        let result = try await work()
        add(seconds: (ContinuousClock.now - start) / .seconds(1), to: stage)
        return result
    }

    /// Enters the seconds of a stage that ends now.
    func add(seconds: Double, to stage: String) {
        lock.withLock { manifest.seconds[stage, default: 0] += seconds }
        trace?.addStage(stage, seconds: seconds)
    }

    /// Enters how long an attack takes.
    func add(secondsPerStepAndPoint seconds: Double, of attack: String) {
        lock.withLock { manifest.secondsPerStepAndPoint?[attack] = seconds }
    }

    /// Enters a tile that is done now.
    /// - Parameter device: position in the run's devices.
    func add(_ tile: Tile, of label: String, device: Int, seconds: Double) {
        trace?.addTile(tile, of: label, device: device, seconds: seconds)
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
        try? write(RunStatus(.running, stage: stage, tilesDone: done, tilesTotal: total))
    }

    /// An entry of the log.
    func note(_ message: String, _ fields: [String: String]) { log?.info(message, fields) }

    func warn(_ sentence: String) {
        lock.withLock { warnings += 1 }
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
        try write(
            RunStatus(state, stage: stage, tilesDone: tiles.done, tilesTotal: tiles.total, message: message))
    }
}

/// Books of one run: which tiles wait, who is free, who has failed what. Values only; no threads, no time.
struct SchedulingRun {
    private(set) var progress: SchedulingProgress
    /// Set once; nothing is assigned afterwards.
    private(set) var failure: SchedulingError?

    private let tiles: [Tile]
    private let attemptLimit: Int
    private let failureLimit: Int
    /// Position of the next tile that nobody has tried.
    private var next = 0
    /// Tiles that failed and wait for another worker.
    private var retries: [Tile] = []
    /// Free workers, in the order in which they get tiles.
    private var idle: [Int]
    /// Workers that failed a tile, by tile index, in order, with the last error.
    private var failures: [Int: (workers: [Int], error: any Error)] = [:]
    /// Tiles that a worker failed since its last success.
    private var failuresInARow: [Int]

    init(tiles: [Tile], workers: [String], attemptLimit: Int, failureLimit: Int) {
        self.tiles = tiles
        self.attemptLimit = attemptLimit
        self.failureLimit = failureLimit
        progress = SchedulingProgress(tiles: tiles, workers: workers)
        idle = Array(workers.indices)
        failuresInARow = Array(repeating: 0, count: workers.count)
        if workers.isEmpty && !tiles.isEmpty { failure = .noWorkers }
    }

    /// Tiles for the free workers, as many as there are; empty once the run has failed.
    mutating func assign() -> [(worker: Int, tile: Tile)] {
        guard failure == nil else { return [] }
        var assigned: [(Int, Tile)] = []
        var waiting: [Int] = []
        for worker in idle {
            if let tile = take(for: worker) { assigned.append((worker, tile)) } else { waiting.append(worker) }
        }
        idle = waiting
        return assigned
    }

    /// Enters the outcome of an assigned tile.
    mutating func record(_ outcome: Outcome, elapsed: Double) -> [SchedulingEvent] {
        progress.seconds = elapsed
        progress.workers[outcome.worker].seconds += outcome.seconds
        var events: [SchedulingEvent]
        switch outcome.result {
        case .success: events = finish(outcome)
        case .failure(let error): events = fail(outcome, error)
        }
        if !progress.workers[outcome.worker].isRetired { idle.append(outcome.worker) }
        if failure == nil, let tile = retries.first(where: { !canBeTried($0) }) { failure = failed(tile) }
        return events
    }

    private mutating func take(for worker: Int) -> Tile? {
        if let index = retries.firstIndex(where: { failures[$0.index]?.workers.contains(worker) != true }) {
            return retries.remove(at: index)
        }
        guard next < tiles.count else { return nil }
        defer { next += 1 }
        return tiles[next]
    }

    private mutating func finish(_ outcome: Outcome) -> [SchedulingEvent] {
        progress.done += 1
        progress.pairsDone += outcome.tile.pairs
        progress.workers[outcome.worker].tiles += 1
        progress.workers[outcome.worker].pairs += outcome.tile.pairs
        failuresInARow[outcome.worker] = 0
        var events = [SchedulingEvent.finished(outcome.tile, worker: outcome.worker, seconds: outcome.seconds)]
        // The tile was not to blame: whoever failed it is.
        if let (workers, error) = failures[outcome.tile.index] {
            for worker in workers { events += retire(worker, error) }
        }
        return events
    }

    private mutating func fail(_ outcome: Outcome, _ error: any Error) -> [SchedulingEvent] {
        progress.workers[outcome.worker].failures += 1
        failuresInARow[outcome.worker] += 1
        let earlier = failures[outcome.tile.index]?.workers ?? []
        failures[outcome.tile.index] = (earlier + [outcome.worker], error)
        var events = [SchedulingEvent.failed(outcome.tile, worker: outcome.worker, error: error)]
        if failuresInARow[outcome.worker] >= failureLimit { events += retire(outcome.worker, error) }
        retries.append(outcome.tile)
        return events
    }

    private mutating func retire(_ worker: Int, _ error: any Error) -> [SchedulingEvent] {
        guard !progress.workers[worker].isRetired else { return [] }
        progress.workers[worker].isRetired = true
        idle.removeAll { $0 == worker }
        return [.retired(worker: worker, error: error)]
    }

    private func canBeTried(_ tile: Tile) -> Bool {
        guard let tried = failures[tile.index]?.workers else { return true }
        return tried.count < attemptLimit
            && progress.workers.indices.contains { !progress.workers[$0].isRetired && !tried.contains($0) }
    }

    private func failed(_ tile: Tile) -> SchedulingError? {
        guard let (workers, error) = failures[tile.index], let last = workers.last else { return nil }
        return .tileFailed(
            tile, worker: progress.workers[last].name, attempts: workers.count, underlying: error)
    }
}

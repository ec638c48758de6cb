/// Books of one run: which tiles wait, who is free, who has failed what. Values only; no threads, no time.
struct SchedulingRun {
    private(set) var progress: SchedulingProgress
    /// Set once; nothing is assigned afterwards.
    private(set) var failure: SchedulingError?

    private let tiles: [Tile]
    /// Rows in whose steps tiles are split; nil where they are not.
    private let grain: Int?
    private let attemptLimit: Int
    private let failureLimit: Int
    /// Position of the next tile that nobody has tried.
    private var next = 0
    /// What is left of tiles that were split, the next one last.
    private var rests: [Tile] = []
    /// Pairs that nobody has been given yet.
    private var pairsWaiting: Int
    /// Tiles that failed and wait for another worker.
    private var retries: [Tile] = []
    /// Free workers, in the order in which they get tiles.
    private var idle: [Int]
    /// Workers that failed a tile, in order, with the last error.
    private var failures: [Tile: (workers: [Int], error: any Error)] = [:]
    /// Tiles that a worker failed since its last success.
    private var failuresInARow: [Int]
    /// Pairs per second, by worker.
    private var rates: [MeasuredRate]

    /// - Parameter grain: rows in whose steps tiles may be split; nil for whole tiles only.
    init(tiles: [Tile], workers: [String], grain: Int? = nil, attemptLimit: Int, failureLimit: Int) {
        self.tiles = tiles
        self.grain = grain
        self.attemptLimit = attemptLimit
        self.failureLimit = failureLimit
        progress = SchedulingProgress(tiles: tiles, workers: workers)
        pairsWaiting = progress.pairsTotal
        idle = Array(workers.indices)
        failuresInARow = Array(repeating: 0, count: workers.count)
        rates = Array(repeating: MeasuredRate(), count: workers.count)
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
        case .success(let isWhole): events = finish(outcome, isWhole: isWhole)
        case .failure(let error): events = fail(outcome, error)
        }
        if !progress.workers[outcome.worker].isRetired { idle.append(outcome.worker) }
        if failure == nil, let tile = retries.first(where: { !canBeTried($0) }) { failure = failed(tile) }
        return events
    }

    private mutating func take(for worker: Int) -> Tile? {
        if let index = retries.firstIndex(where: { failures[$0]?.workers.contains(worker) != true }) {
            return retries.remove(at: index)
        }
        guard var tile = rests.popLast() ?? takeWhole() else { return nil }
        if let grain, let share = share(of: worker, tile), let (part, rest) = tile.split(pairs: share, grain: grain) {
            tile = part
            rests += rest
        }
        pairsWaiting -= tile.pairs
        return tile
    }

    private mutating func takeWhole() -> Tile? {
        guard next < tiles.count else { return nil }
        defer { next += 1 }
        return tiles[next]
    }

    /// Pairs that a worker should be given of a tile; nil for all that there are.
    ///
    /// Half of the worker's share of what waits, by the rates of all: parts become smaller towards the end, so that
    /// everybody ends at nearly the same time, and whoever is slow never holds the last large tile. A worker that was
    /// not measured yet begins with an eighth of a tile.
    private func share(of worker: Int, _ tile: Tile) -> Int? {
        let others = progress.workers.indices.filter { $0 != worker && !progress.workers[$0].isRetired }
        guard !others.isEmpty else { return nil }
        guard let own = rates[worker].value else { return max(1, tile.pairs / 8) }
        let known = others.compactMap { rates[$0].value }
        let all = own + (known.isEmpty ? own : known.reduce(0, +) / Double(known.count)) * Double(others.count)
        return Int(max(Double(pairsWaiting) * own / all / 2, own * Self.shortestPart))
    }

    /// Seconds that a part should take at least: much more than handing it out does.
    private static let shortestPart = 0.02

    /// - Parameter isWhole: whether nothing of the tile is left.
    private mutating func finish(_ outcome: Outcome, isWhole: Bool) -> [SchedulingEvent] {
        progress.pairsDone += outcome.tile.pairs
        progress.workers[outcome.worker].pairs += outcome.tile.pairs
        if isWhole {
            progress.done += 1
            progress.workers[outcome.worker].tiles += 1
        }
        failuresInARow[outcome.worker] = 0
        rates[outcome.worker].add(Double(outcome.tile.pairs) / max(outcome.seconds, 1e-9))
        var events = [SchedulingEvent.finished(outcome.tile, worker: outcome.worker, seconds: outcome.seconds)]
        // The tile was not to blame: whoever failed it is.
        if let (workers, error) = failures[outcome.tile] {
            for worker in workers { events += retire(worker, error) }
        }
        return events
    }

    private mutating func fail(_ outcome: Outcome, _ error: any Error) -> [SchedulingEvent] {
        progress.workers[outcome.worker].failures += 1
        failuresInARow[outcome.worker] += 1
        let earlier = failures[outcome.tile]?.workers ?? []
        failures[outcome.tile] = (earlier + [outcome.worker], error)
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
        guard let tried = failures[tile]?.workers else { return true }
        return tried.count < attemptLimit
            && progress.workers.indices.contains { !progress.workers[$0].isRetired && !tried.contains($0) }
    }

    private func failed(_ tile: Tile) -> SchedulingError? {
        guard let (workers, error) = failures[tile], let last = workers.last else { return nil }
        return .tileFailed(
            tile, worker: progress.workers[last].name, attempts: workers.count, underlying: error)
    }
}

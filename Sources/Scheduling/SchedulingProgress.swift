/// How far a run is.
package struct SchedulingProgress: Sendable, Equatable {
    package struct Worker: Sendable, Equatable {
        package let name: String
        /// Tiles finished, those of which it did the last part included.
        package internal(set) var tiles = 0
        /// Pairs finished.
        package internal(set) var pairs = 0
        /// Seconds spent in tiles, failed ones included.
        package internal(set) var seconds = 0.0
        package internal(set) var failures = 0
        /// Failed repeatedly, or where another worker succeeded; gets no more tiles.
        package internal(set) var isRetired = false
    }

    /// Tiles finished and planned.
    package internal(set) var done = 0
    package let total: Int
    /// Pairs finished and planned.
    package internal(set) var pairsDone = 0
    package let pairsTotal: Int
    /// Seconds since the run began.
    package internal(set) var seconds = 0.0
    package internal(set) var workers: [Worker]

    init(tiles: [Tile], workers: [String]) {
        total = tiles.count
        pairsTotal = tiles.reduce(0) { $0 + $1.pairs }
        self.workers = workers.map { Worker(name: $0) }
    }
}

/// What just happened in a run.
package enum SchedulingEvent: Sendable {
    case started
    /// A tile, or a part of it, is done; `worker` is a position in `SchedulingProgress.workers`.
    case finished(Tile, worker: Int, seconds: Double)
    /// A tile failed; it goes to another worker where there is one.
    case failed(Tile, worker: Int, error: any Error)
    /// A worker gets no more tiles, because of this error.
    case retired(worker: Int, error: any Error)
}

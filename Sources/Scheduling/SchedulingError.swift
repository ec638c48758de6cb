/// Why a run of tiles ended before all were done.
package enum SchedulingError: Error, CustomStringConvertible {
    /// There was nobody to compute anything.
    case noWorkers
    /// The task was cancelled; the tiles in hand were finished.
    case cancelled(done: Int, total: Int)
    /// No worker is left that could compute the tile.
    /// - Parameters:
    ///   - worker: name of the last one that failed.
    ///   - attempts: how often the tile was tried.
    ///   - underlying: the last error.
    case tileFailed(Tile, worker: String, attempts: Int, underlying: any Error)

    package var description: String {
        switch self {
        case .noWorkers: "no device is there to compute tiles; see `ntk devices`"
        case .cancelled(let done, let total): "cancelled after \(done) of \(total) tiles"
        case .tileFailed(let tile, let worker, let attempts, let underlying):
            "\(tile) failed \(attempts == 1 ? "once" : "\(attempts) times"), last on '\(worker)': \(underlying)"
        }
    }
}

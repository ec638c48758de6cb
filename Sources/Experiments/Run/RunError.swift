import Compute

/// Why a run ended before it was done. One sentence.
package enum RunError: Error, Sendable, CustomStringConvertible {
    /// Stopped from outside; running it again goes on.
    case interrupted(stage: String)
    /// The matrices of the run do not fit in memory.
    /// - Parameter obstacle: why they cannot be on disk instead.
    case memory(needed: Int, limit: Int, points: Int, obstacle: String)

    package var description: String {
        switch self {
        case .interrupted(let stage): "interrupted during '\(stage)'; run the same command again to go on"
        case .memory(let needed, let limit, let points, let obstacle):
            "the kernel matrices of \(points) training points need \(needed.byteSize) and \(limit.byteSize) may be used, "
                + "and \(obstacle); lower data.train or raise compute.memory_limit"
        }
    }
}

import Dispatch

/// Executes tiles one at a time on a thread of its own: one worker per device.
///
/// Backend calls block, so they are kept off the threads that Swift tasks share.
package struct TileWorker: Sendable {
    /// Shown in progress and errors, e.g. the device's name.
    package let name: String
    private let execute: @Sendable (Tile) throws -> Void
    private let complete: @Sendable (Tile) throws -> Void
    private let queue: DispatchQueue

    /// - Parameters:
    ///   - execute: computes one tile, or a part of it, and returns when its result stands in memory (or in a store).
    ///     It is never called again before it has returned. Running it twice for the same tile gives the same result.
    ///   - complete: called after `execute` where the whole tile is done, whoever did its other parts. Where it throws,
    ///     what was executed last counts as failed.
    package init(
        name: String, execute: @escaping @Sendable (Tile) throws -> Void,
        complete: @escaping @Sendable (Tile) throws -> Void = { _ in }
    ) {
        self.name = name
        self.execute = execute
        self.complete = complete
        queue = DispatchQueue(label: "ntk.worker." + name)
    }

    /// Executes a tile or a part of one.
    /// - Returns: whether the whole tile is done, and the seconds that it took.
    func run(_ tile: Tile, of parts: TileParts) async -> (result: Result<Bool, any Error>, seconds: Double) {
        await withCheckedContinuation { continuation in
            queue.async {
                let start = ContinuousClock.now
                let result = Result {
                    try execute(tile)
                    return try parts.finish(tile, complete)
                }
                continuation.resume(returning: (result, (ContinuousClock.now - start).seconds))
            }
        }
    }
}

extension Duration {
    /// The duration in seconds.
    var seconds: Double { Double(components.seconds) + Double(components.attoseconds) * 1e-18 }
}

import Dispatch

/// Executes tiles one at a time on a thread of its own: one worker per device.
///
/// Backend calls block, so they are kept off the threads that Swift tasks share.
package struct TileWorker: Sendable {
    /// Shown in progress and errors, e.g. the device's name.
    package let name: String
    private let execute: @Sendable (Tile) throws -> Void
    private let queue: DispatchQueue

    /// - Parameter execute: computes one tile and returns when its result stands in memory (or in a store). It is
    ///   never called again before it has returned. Running it twice for the same tile gives the same result.
    package init(name: String, execute: @escaping @Sendable (Tile) throws -> Void) {
        self.name = name
        self.execute = execute
        queue = DispatchQueue(label: "ntk.worker." + name)
    }

    /// Executes a tile and measures its seconds.
    func run(_ tile: Tile) async -> (result: Result<Void, any Error>, seconds: Double) {
        await withCheckedContinuation { continuation in
            queue.async {
                let start = ContinuousClock.now
                let result = Result { try execute(tile) }
                continuation.resume(returning: (result, (ContinuousClock.now - start).seconds))
            }
        }
    }
}

extension Duration {
    /// The duration in seconds.
    var seconds: Double { Double(components.seconds) + Double(components.attoseconds) * 1e-18 }
}

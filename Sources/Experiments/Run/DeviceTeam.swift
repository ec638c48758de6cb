import Compute
import Foundation
import Scheduling

/// All devices at once on independent pieces of work.
struct DeviceTeam: Sendable {
    let backends: [any Backend]

    /// Runs `work` on every tile of a plan.
    /// - Parameter work: given the position of the device in `backends`; called from one thread at a time per device.
    /// - Returns: the results in the order of the tiles' indices.
    func map<T: Sendable>(
        _ plan: TilePlan, observer: (SchedulingProgress) -> Void = { _ in },
        _ work: @escaping @Sendable (Int, Tile) throws -> T
    ) async throws -> [T] {
        let results = Slots<T>(plan.tiles.count)
        let workers = backends.enumerated().map { device, backend in
            TileWorker(name: backend.device.name) { tile in results[tile.index] = try work(device, tile) }
        }
        try await Scheduler(workers: workers).run(plan) { _, progress in observer(progress) }
        return results.all
    }

    /// Runs `work` on `count` pieces.
    func map<T: Sendable>(
        _ count: Int, observer: (SchedulingProgress) -> Void = { _ in },
        _ work: @escaping @Sendable (_ device: Int, _ piece: Int) throws -> T
    ) async throws -> [T] {
        try await map(.rectangle(rows: count, columns: 1, tile: 1), observer: observer) { device, tile in
            try work(device, tile.rows.lowerBound)
        }
    }
}

/// Results by tile, written from several threads.
private final class Slots<T: Sendable>: @unchecked Sendable {
    private var values: [T?]
    private let lock = NSLock()

    init(_ count: Int) { values = Array(repeating: nil, count: count) }

    subscript(index: Int) -> T? {
        get { lock.withLock { values[index] } }
        set { lock.withLock { values[index] = newValue } }
    }

    var all: [T] { lock.withLock { values.compactMap { $0 } } }
}

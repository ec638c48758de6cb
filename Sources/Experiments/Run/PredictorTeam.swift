import Compute
import Foundation
import Scheduling
import TangentKernels

/// The same predictor on every device, with the training inputs prepared there once.
struct PredictorTeam: Sendable {
    let predictors: [KernelPredictor]

    /// Points that one device takes at a time: enough to fill it, few enough that several devices share the work.
    func batchSize(_ count: Int) -> Int {
        let fitting = predictors.map(\.batchSize).min() ?? 1
        let share = (count + predictors.count - 1) / max(predictors.count, 1)
        return max(1, min(fitting, share, 512))
    }

    /// Runs `work` on consecutive batches of `count` points, on all devices at once.
    /// - Returns: the results in the order of the points.
    func map<T: Sendable>(
        _ count: Int, observer: (SchedulingProgress) -> Void = { _ in },
        _ work: @escaping @Sendable (KernelPredictor, Range<Int>) throws -> T
    ) async throws -> [T] {
        let plan = TilePlan.rectangle(rows: count, columns: 1, tile: batchSize(count))
        let results = Slots<T>(plan.tiles.count)
        let workers = predictors.map { predictor in
            TileWorker(name: predictor.backend.device.name) { tile in
                results[tile.index] = try work(predictor, tile.rows)
            }
        }
        try await Scheduler(workers: workers).run(plan) { _, progress in observer(progress) }
        return results.all
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

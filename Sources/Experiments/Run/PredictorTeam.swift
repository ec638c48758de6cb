import Attacks
import Compute
import Scheduling

/// The same predictor on every device: a kernel with its training inputs prepared there once, or a net.
struct PredictorTeam<Predictor: AttackedModel>: Sendable {
    let predictors: [Predictor]

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
        _ work: @escaping @Sendable (Predictor, Range<Int>) throws -> T
    ) async throws -> [T] {
        let plan = TilePlan.rectangle(rows: count, columns: 1, tile: batchSize(count))
        return try await DeviceTeam(backends: predictors.map(\.backend)).map(plan, observer: observer) { device, tile in
            try work(predictors[device], tile.rows)
        }
    }
}

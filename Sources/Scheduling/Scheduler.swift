/// Hands tiles to workers until all are done.
///
/// A free worker takes the next tile of the plan, or a part of it that is sized by how fast the workers have been. A
/// tile that throws goes to a worker that has not tried it. Which worker computes a tile decides nothing but time.
package struct Scheduler: Sendable {
    package let workers: [TileWorker]
    /// Rows in whose steps tiles may be split between several workers; nil where they are not.
    package let grain: Int?
    /// How often one tile is tried before the run fails.
    package let attemptLimit: Int
    /// A worker that fails so many tiles in a row is retired.
    package let failureLimit: Int

    package init(workers: [TileWorker], grain: Int? = nil, attemptLimit: Int = 3, failureLimit: Int = 2) {
        precondition(attemptLimit > 0 && failureLimit > 0 && grain ?? 1 > 0, "limits are positive")
        self.workers = workers
        self.grain = grain
        self.attemptLimit = attemptLimit
        self.failureLimit = failureLimit
    }

    /// Computes every tile of the plan once.
    ///
    /// Cancelling the task lets the tiles in hand finish and hands out no others.
    /// - Parameter onEvent: called after each change, never twice at a time, on the task's thread: keep it short.
    /// - Returns: the final counts.
    @discardableResult
    package func run(
        _ plan: TilePlan, onEvent: (SchedulingEvent, SchedulingProgress) -> Void = { _, _ in }
    ) async throws(SchedulingError) -> SchedulingProgress {
        var run = SchedulingRun(
            tiles: plan.tiles, workers: workers.map(\.name), grain: grain, attemptLimit: attemptLimit,
            failureLimit: failureLimit)
        let parts = TileParts(plan.tiles)
        let start = ContinuousClock.now
        onEvent(.started, run.progress)
        await withTaskGroup(of: Outcome.self) { group in
            repeat {
                for (worker, tile) in Task.isCancelled ? [] : run.assign() {
                    group.addTask { [workers] in
                        let (result, seconds) = await workers[worker].run(tile, of: parts)
                        return Outcome(worker: worker, tile: tile, result: result, seconds: seconds)
                    }
                }
                guard let outcome = await group.next() else { break }
                let events = run.record(outcome, elapsed: (ContinuousClock.now - start).seconds)
                for event in events { onEvent(event, run.progress) }
            } while true
        }
        if let failure = run.failure { throw failure }
        guard run.progress.done == run.progress.total else {
            throw .cancelled(done: run.progress.done, total: run.progress.total)
        }
        return run.progress
    }
}

/// What became of one tile, or a part of it, on one worker.
struct Outcome: Sendable {
    let worker: Int
    let tile: Tile
    /// Whether the whole tile is done.
    let result: Result<Bool, any Error>
    let seconds: Double
}

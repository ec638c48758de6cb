import Dispatch
import Scheduling
import Synchronization
import Testing

private struct Broken: Error, Equatable, CustomStringConvertible {
    var description: String { "the device is gone" }
}

/// Counts what workers do; results are written into disjoint places.
private final class Ledger: Sendable {
    let calls = Mutex<[(worker: Int, tile: Int)]>([])
    let running = Mutex<[Int: Int]>([:])

    func worker(_ index: Int, _ body: @escaping @Sendable (Tile) throws -> Void = { _ in }) -> TileWorker {
        TileWorker(name: "worker \(index)") { [self] tile in
            running.withLock { running in
                running[index, default: 0] += 1
                #expect(running[index] == 1, "a worker was called while it was busy")
            }
            defer { running.withLock { $0[index, default: 0] -= 1 } }
            try body(tile)
            calls.withLock { $0.append((index, tile.index)) }
        }
    }

    var tiles: [Int] { calls.withLock { $0.map(\.tile) } }
}

@Suite(.timeLimit(.minutes(1))) struct SchedulerTests {
    private let plan = TilePlan.lowerTriangle(count: 40, tile: 4)

    @Test(arguments: [1, 2, 5])
    func eachTileRunsOnce(workers: Int) async throws {
        let ledger = Ledger()
        let progress = try await Scheduler(workers: (0..<workers).map { ledger.worker($0) }).run(plan)
        #expect(ledger.tiles.sorted() == Array(0..<55))
        #expect(progress.done == 55 && progress.pairsDone == plan.pairs)
        #expect(progress.workers.reduce(0) { $0 + $1.tiles } == 55)
        #expect(progress.workers.reduce(0) { $0 + $1.pairs } == plan.pairs)
    }

    @Test func anEmptyPlanNeedsNobody() async throws {
        let progress = try await Scheduler(workers: []).run(TilePlan.lowerTriangle(count: 0, tile: 4))
        #expect(progress.total == 0)
    }

    @Test func nobodyThere() async {
        await #expect(throws: SchedulingError.self) { try await Scheduler(workers: []).run(plan) }
    }

    @Test func workersRunAtTheSameTime() async throws {
        // Each waits until the other is inside a tile too: with one at a time, the wait would run out.
        let inside = DispatchSemaphore(value: 0)
        let other = DispatchSemaphore(value: 0)
        let two = TilePlan.rectangle(rows: 2, columns: 1, tile: 1)
        let first = TileWorker(name: "a") { _ in
            inside.signal()
            if other.wait(timeout: .now() + 20) == .timedOut { throw Broken() }
        }
        let second = TileWorker(name: "b") { _ in
            other.signal()
            if inside.wait(timeout: .now() + 20) == .timedOut { throw Broken() }
        }
        let progress = try await Scheduler(workers: [first, second]).run(two)
        #expect(progress.workers.map(\.tiles) == [1, 1])
    }

    @Test func aWorkerThatFailsAloneIsRetiredAndItsTilesAreDone() async throws {
        let ledger = Ledger()
        var retired: [Int] = []
        let broken = ledger.worker(0) { _ in throw Broken() }
        let progress = try await Scheduler(workers: [broken, ledger.worker(1)], failureLimit: 100)
            .run(plan) { event, _ in if case .retired(let worker, _) = event { retired.append(worker) } }
        #expect(ledger.tiles.sorted() == Array(0..<55))
        #expect(retired == [0])
        #expect(progress.workers[0].isRetired && !progress.workers[1].isRetired)
    }

    @Test func aTileThatFailsEverywhereEndsTheRunWithTheLastError() async {
        let ledger = Ledger()
        let workers = (0..<2).map { ledger.worker($0) { if $0.index == 54 { throw Broken() } } }
        let error = await #expect(throws: SchedulingError.self) {
            try await Scheduler(workers: workers, failureLimit: 9).run(plan)
        }
        guard case .tileFailed(let tile, _, let attempts, let underlying) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(tile.index == 54 && attempts == 2 && underlying is Broken)
    }

    @Test func aTileIsNotTriedMoreOftenThanTheLimit() async {
        let attempts = Mutex(0)
        let workers = (0..<5).map { index in
            TileWorker(name: "\(index)") { tile in
                if tile.index == 0 {
                    attempts.withLock { $0 += 1 }
                    throw Broken()
                }
            }
        }
        await #expect(throws: SchedulingError.self) {
            try await Scheduler(workers: workers, attemptLimit: 3).run(plan)
        }
        #expect(attempts.withLock { $0 } == 3)
    }

    @Test func theMessageNamesTileWorkerAndCause() async {
        let worker = TileWorker(name: "PoCL cpu") { _ in throw Broken() }
        let error = await #expect(throws: SchedulingError.self) {
            try await Scheduler(workers: [worker]).run(TilePlan.rectangle(rows: 4, columns: 2, tile: 4))
        }
        #expect(
            error?.description
                == "tile 0 (rows 0..<4, columns 0..<2) failed once, last on 'PoCL cpu': the device is gone")
    }

    @Test func cancellationStopsAfterTheTilesInHand() async throws {
        let ledger = Ledger()
        let started = DispatchSemaphore(value: 0)
        let goOn = DispatchSemaphore(value: 0)
        let worker = ledger.worker(0) { _ in
            started.signal()
            goOn.wait()
        }
        let task = Task { [plan] in try await Scheduler(workers: [worker]).run(plan) }
        await withCheckedContinuation { continuation in
            DispatchQueue(label: "test.wait").async {
                started.wait()
                continuation.resume()
            }
        }
        task.cancel()
        goOn.signal()
        let error = await #expect(throws: SchedulingError.self) { try await task.value }
        #expect(error?.description == "cancelled after 1 of 55 tiles")
        #expect(ledger.tiles.count == 1)
    }

    @Test func progressCountsUp() async throws {
        let ledger = Ledger()
        var done: [Int] = []
        try await Scheduler(workers: [ledger.worker(0), ledger.worker(1)]).run(plan) { _, progress in
            done.append(progress.done)
        }
        #expect(done == Array(0...55))
    }
}

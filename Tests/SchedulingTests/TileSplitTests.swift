import Foundation
import Testing

@testable import Scheduling

/// Tiles that are split between workers.
@Suite(.timeLimit(.minutes(1))) struct TileSplitTests {
    /// Splits again and again: every pair once, in whole steps.
    @Test(arguments: [1, 7, 64], [1, 50, 1000, 100_000])
    func partsCoverEachPairOnce(grain: Int, wanted: Int) {
        let tiles = [
            Tile(index: 4, rows: 100..<200, columns: 100..<200, pairs: 5050),
            Tile(index: 5, rows: 200..<263, columns: 100..<200, pairs: 6300),
            Tile(index: 6, rows: 0..<100, columns: 0..<100, pairs: 10_000),
            Tile(index: 7, rows: 3..<4, columns: 3..<4, pairs: 1),
        ]
        for tile in tiles {
            var waiting = [tile]
            var hits: [Int: Int] = [:]
            while let next = waiting.popLast() {
                let split = next.split(pairs: wanted, grain: grain)
                let part = split?.part ?? next
                waiting += split?.rest ?? []
                #expect(part.index == tile.index)
                if split != nil { #expect(part.rows.count % grain == 0) }
                let isTriangle = part.pairs < part.rows.count * part.columns.count
                var pairs = 0
                for i in part.rows {
                    for j in part.columns where !isTriangle || i >= j {
                        hits[i * 1000 + j, default: 0] += 1
                        pairs += 1
                    }
                }
                #expect(pairs == part.pairs)
            }
            #expect(hits.count == tile.pairs && hits.values.allSatisfy { $0 == 1 })
        }
    }

    @Test func ratesForgetTheFirstMeasurement() {
        var rate = MeasuredRate()
        #expect(rate.value == nil)
        rate.add(1)
        #expect(rate.value == 1)
        rate.add(100)
        #expect(rate.value == 100)
        rate.add(50)
        #expect(rate.value == 75)
    }

    /// Parts by hand-made rates: a worker that is ten times as fast is given about ten times as much.
    @Test func partsAreSizedByRates() {
        let plan = TilePlan.rectangle(rows: 4096, columns: 1024, tile: 1024)
        var run = SchedulingRun(
            tiles: plan.tiles, workers: ["slow", "fast"], grain: 1, attemptLimit: 3, failureLimit: 2)
        var sizes: [[Int]] = [[], []]
        var time = [0.0, 0.0]
        var inHand: [(worker: Int, tile: Tile)] = run.assign()
        while let next = inHand.min(by: { end($0) < end($1) }) {
            inHand.removeAll { $0.worker == next.worker }
            time[next.worker] = end(next)
            sizes[next.worker].append(next.tile.pairs)
            let seconds = Double(next.tile.pairs) / speed(next.worker)
            _ = run.record(
                Outcome(worker: next.worker, tile: next.tile, result: .success(false), seconds: seconds), elapsed: 0)
            inHand += run.assign()
        }
        func speed(_ worker: Int) -> Double { worker == 0 ? 1e5 : 1e6 }
        func end(_ piece: (worker: Int, tile: Tile)) -> Double {
            time[piece.worker] + Double(piece.tile.pairs) / speed(piece.worker)
        }
        #expect(run.progress.pairsDone == plan.pairs)
        // A whole tile takes the slow one 10 s; the ends lie closer than what a part takes.
        #expect(abs(time[0] - time[1]) < 0.3)
        #expect(sizes[1].reduce(0, +) > 8 * sizes[0].reduce(0, +))
    }

    @Test func aWorkerAloneTakesWholeTiles() {
        let plan = TilePlan.rectangle(rows: 300, columns: 100, tile: 100)
        var run = SchedulingRun(tiles: plan.tiles, workers: ["one"], grain: 1, attemptLimit: 3, failureLimit: 2)
        while let (worker, tile) = run.assign().first {
            #expect(plan.tiles.contains(tile))
            _ = run.record(Outcome(worker: worker, tile: tile, result: .success(true), seconds: 1), elapsed: 0)
        }
        #expect(run.progress.done == 3)
    }

    /// What belongs to a whole tile is done once, after all of its parts, and again where it fails.
    @Test func tilesAreCompletedOnce() async throws {
        let plan = TilePlan.lowerTriangle(count: 40, tile: 10)
        let ledger = PartLedger()
        let workers = (0..<3).map { worker in
            TileWorker(name: "\(worker)") { tile in
                try ledger.execute(tile, failing: worker == 2)
            } complete: { tile in
                try ledger.complete(tile, failing: worker == 1)
            }
        }
        let progress = try await Scheduler(workers: workers, grain: 1, failureLimit: 100).run(plan)
        #expect(progress.done == 10 && progress.pairsDone == plan.pairs)
        #expect(ledger.completed.sorted { $0.index < $1.index } == plan.tiles.sorted { $0.index < $1.index })
        #expect(ledger.isEveryPairDone(plan))
    }
}

private struct Refusal: Error {}

/// What workers do, part by part.
private final class PartLedger: @unchecked Sendable {
    private let lock = NSLock()
    private var done: [Int: Int] = [:]
    private var tiles: [Tile] = []

    var completed: [Tile] { lock.withLock { tiles } }

    func execute(_ tile: Tile, failing: Bool) throws {
        if failing { throw Refusal() }
        Thread.sleep(forTimeInterval: Double(tile.pairs) * 1e-5)
        lock.withLock { done[tile.index, default: 0] += tile.pairs }
    }

    func complete(_ tile: Tile, failing: Bool) throws {
        try lock.withLock {
            if failing {
                throw Refusal()
            }
            #expect(done[tile.index, default: 0] >= tile.pairs)
            tiles.append(tile)
        }
    }

    func isEveryPairDone(_ plan: TilePlan) -> Bool {
        lock.withLock { plan.tiles.allSatisfy { done[$0.index, default: 0] >= $0.pairs } }
    }
}

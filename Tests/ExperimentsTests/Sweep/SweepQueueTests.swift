import Testing

@testable import Experiments

@Suite struct SweepQueueTests {
    private static func run(_ id: String, _ gram: String, shares: Bool = true) -> SweepFolder.Run {
        SweepFolder.Run(id: id, sets: [], gram: gram, sharesGram: shares)
    }

    @Test func oneRunComputesASharedMatrix() {
        let (a1, a2, b1, a3) = (Self.run("a1", "a"), Self.run("a2", "a"), Self.run("b1", "b"), Self.run("a3", "a"))
        var queue = SweepQueue([a1, a2, b1, a3])
        #expect(queue.next() == a1)
        #expect(queue.next() == b1)
        #expect(queue.next() == nil && queue.running == 2 && queue.count == 2)
        queue.finish(b1, isDone: true)
        #expect(queue.next() == nil)
        queue.finish(a1, isDone: true)
        #expect(queue.next() == a2)
        #expect(queue.next() == a3)
        #expect(queue.next() == nil && queue.running == 2)
    }

    @Test func anotherRunTakesOverWhenTheFirstFails() {
        let (a1, a2, a3) = (Self.run("a1", "a"), Self.run("a2", "a"), Self.run("a3", "a"))
        var queue = SweepQueue([a1, a2, a3])
        #expect(queue.next() == a1)
        queue.finish(a1, isDone: false)
        #expect(queue.next() == a2)
        #expect(queue.next() == nil)
        queue.finish(a2, isDone: true)
        #expect(queue.next() == a3)
    }

    @Test func runsThatShareNothingDoNotWait() {
        let runs = ["1", "2", "3"].map { Self.run($0, "a", shares: false) }
        var queue = SweepQueue(runs)
        #expect((0..<4).map { _ in queue.next()?.id } == ["1", "2", "3", nil])
    }
}

import Dispatch
import Foundation
import Synchronization

/// ctrl-C and SIGTERM end a run after the tiles in hand; a second ctrl-C ends it at once.
enum Interruption {
    private static let signalSeen = Atomic<Int32>(0)

    /// Whether it was a queue's SIGTERM.
    static var isByQueue: Bool { signalSeen.load(ordering: .relaxed) == SIGTERM }

    /// Whether it was ctrl-C rather than a queue's SIGTERM.
    static var isByTerminal: Bool { signalSeen.load(ordering: .relaxed) == SIGINT }

    /// Runs `work`, cancelling it when a signal comes.
    /// - Parameter parent: process that started this one; its end is as good as a signal.
    static func guarding<T: Sendable>(
        parent: pid_t? = nil, _ work: @escaping @Sendable () async throws -> T
    ) async throws -> T {
        let task = Task { try await work() }
        let watch = DispatchSource.makeTimerSource(queue: .global())
        watch.setEventHandler { if let parent, getppid() != parent { task.cancel() } }
        watch.schedule(deadline: .now(), repeating: parent == nil ? .never : .seconds(1))
        watch.resume()
        defer { watch.cancel() }
        let sources = [SIGINT, SIGTERM].map { number in
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
            source.setEventHandler {
                let earlier = signalSeen.exchange(number, ordering: .relaxed)
                if earlier == SIGINT && number == SIGINT { _exit(Failure.Code.controlC.rawValue) }
                Terminal.error.write("ntk: stopping after the tiles in hand; ctrl-C again stops at once")
                task.cancel()
            }
            source.resume()
            return source
        }
        defer {
            for (source, number) in zip(sources, [SIGINT, SIGTERM]) {
                source.cancel()
                signal(number, SIG_DFL)
            }
        }
        return try await task.value
    }
}

import Foundation
import Storage

/// One run of a sweep as a process, with its standard error in a log.
///
/// Cancelling the task sends SIGTERM and waits for the end.
struct SweepProcess: Sendable {
    /// How a process ended.
    struct End: Sendable {
        /// Exit code, or 128 plus the signal's number.
        let code: Int32
        let seconds: Double
        /// The last line of its log.
        let message: String

        /// Ended by a signal that it obeyed: the run can be gone on with.
        var isInterruption: Bool { code == 75 || code == 130 }
    }

    private let program: String
    private let arguments: [String]
    private let log: String

    init(_ program: String, _ arguments: [String], log: String) {
        self.program = program
        self.arguments = arguments
        self.log = log
    }

    func run() async throws -> End {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: program)
        process.arguments = arguments
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = FileHandle.nullDevice
        // Earlier attempts stay in the log.
        let descriptor = open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o666)
        guard descriptor >= 0 else { throw StorageError.writing(log, .last) }
        let handle = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
        process.standardError = handle
        let start = ContinuousClock.now
        let box = ProcessBox(process)
        do {
            try await withTaskCancellationHandler {
                try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
                    box.start(continuation)
                }
            } onCancel: {
                box.stop()
            }
        } catch is CancellationError {
            // It was stopped before it started, which is as good as obeying the signal.
            return End(code: 75, seconds: 0, message: "interrupted before it started")
        }
        let isSignal = process.terminationReason == .uncaughtSignal
        return End(
            code: isSignal ? 128 + process.terminationStatus : process.terminationStatus,
            seconds: (ContinuousClock.now - start) / .seconds(1),
            message: isSignal ? "ended by signal \(process.terminationStatus)" : Self.lastLine(log))
    }

    private static func lastLine(_ path: String) -> String {
        let text = (try? String(contentsOfFile: path, encoding: .utf8)) ?? ""
        let line = text.split(separator: "\n").last.map(String.init) ?? "it said nothing"
        return line.hasPrefix("ntk: ") ? String(line.dropFirst(5)) : line
    }
}

/// Starts a process at most once and stops it at any moment.
private final class ProcessBox: @unchecked Sendable {
    private let process: Process
    private let lock = NSLock()
    private var isStopped = false

    init(_ process: Process) { self.process = process }

    func start(_ continuation: CheckedContinuation<Void, any Error>) {
        lock.withLock {
            guard !isStopped else { return continuation.resume(throwing: CancellationError()) }
            process.terminationHandler = { _ in continuation.resume() }
            do { try process.run() } catch {
                process.terminationHandler = nil
                continuation.resume(throwing: error)
            }
        }
    }

    func stop() {
        lock.withLock {
            isStopped = true
            if process.isRunning { kill(process.processIdentifier, SIGTERM) }
        }
    }
}

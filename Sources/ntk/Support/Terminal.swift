import Experiments
import Foundation

/// Standard error as people and logs see it: on a terminal progress overwrites itself, elsewhere it is a line every
/// ten seconds.
final class Terminal: @unchecked Sendable {
    static let error = Terminal(FileHandle.standardError)

    private let handle: FileHandle
    private let isTerminal: Bool
    private let lock = NSLock()
    private var hasProgress = false
    private var lastProgress: ContinuousClock.Instant?

    private init(_ handle: FileHandle) {
        self.handle = handle
        isTerminal = isatty(handle.fileDescriptor) != 0
    }

    /// A line that stays.
    func write(_ line: String) {
        lock.withLock {
            clear()
            put(line + "\n")
        }
    }

    /// A line that the next one replaces.
    func progress(_ line: String) {
        lock.withLock {
            let now = ContinuousClock.now
            let pause: Duration = isTerminal ? .milliseconds(100) : .seconds(10)
            if let lastProgress, now - lastProgress < pause { return }
            if lastProgress == nil && !isTerminal {
                lastProgress = now
                return
            }
            lastProgress = now
            clear()
            put(isTerminal ? line : line + "\n")
            hasProgress = isTerminal
        }
    }

    /// A new stage: whatever stood as progress goes.
    func endProgress() {
        lock.withLock {
            clear()
            lastProgress = nil
        }
    }

    private func clear() {
        if hasProgress { put("\r\u{1B}[K") }
        hasProgress = false
    }

    private func put(_ text: String) {
        // Standard error may be closed; that is no reason to end a run.
        try? handle.write(contentsOf: Data(text.utf8))
    }
}

extension Terminal {
    /// Shows what goes on.
    /// - Parameter quiet: warnings only.
    func observer(quiet: Bool) -> RunObserver {
        { [self] event in
            switch event {
            case .progress(let line): if !quiet { progress(line) }
            case .warning(let sentence): write("ntk: warning: \(sentence)")
            case .note(let sentence), .stage(let sentence): if !quiet { write("ntk: \(sentence)") }
            }
        }
    }
}

extension TextStyle {
    /// For standard output.
    static var standardOutput: TextStyle {
        .suited(isTerminal: isatty(STDOUT_FILENO) != 0, environment: ProcessInfo.processInfo.environment)
    }
}

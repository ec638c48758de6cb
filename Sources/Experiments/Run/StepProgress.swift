import Foundation
import Scheduling

/// Counts the steps that an attack has done, on all devices together.
final class StepProgress: @unchecked Sendable {
    private let line: ProgressLine
    private let total: Int
    private let journal: RunJournal
    private let begin = ContinuousClock.now
    private var done = 0
    private let lock = NSLock()

    init(_ line: ProgressLine, total: Int, _ journal: RunJournal) {
        self.line = line
        self.total = total
        self.journal = journal
    }

    func add(_ points: Int) {
        let count = lock.withLock {
            done += points
            return done
        }
        let text = line.text(
            done: count, total: total, work: Double(count), totalWork: Double(total),
            seconds: (ContinuousClock.now - begin) / .seconds(1))
        journal.progress(text, done: count, total: total)
    }
}

import Foundation
import Scheduling

/// Counts what is done of a stage, such as the steps of an attack on all devices together, and tells the journal.
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

    func add(_ steps: Int) {
        let count = lock.withLock {
            done += steps
            return done
        }
        let text = line.text(
            done: count, total: total, work: Double(count), totalWork: Double(total),
            seconds: (ContinuousClock.now - begin) / .seconds(1))
        journal.progress(text, done: count, total: total)
    }
}

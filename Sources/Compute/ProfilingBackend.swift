/// A backend that can keep a record of what its device did and when.
package protocol ProfilingBackend: Backend {
    /// Waits, and returns what ran since the last call, in order; empty where no record is kept.
    func takeProfile() throws(ComputeError) -> [CommandRecord]
}

/// When a command was queued, submitted, started and ended: nanoseconds of the host's uptime clock.
package struct CommandRecord: Sendable, Equatable {
    package let name: String
    package let queued: UInt64
    package let submitted: UInt64
    package let started: UInt64
    package let ended: UInt64

    package init(name: String, queued: UInt64, submitted: UInt64, started: UInt64, ended: UInt64) {
        self.name = name
        self.queued = queued
        self.submitted = submitted
        self.started = started
        self.ended = ended
    }
}

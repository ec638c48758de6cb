import COpenCL
import Compute
import Dispatch
import Synchronization

/// An in-order command queue of one device, and the profile of what ran on it where that is asked for.
final class Queue: Sendable {
    private struct Pending {
        let name: String
        let event: Event
        /// When the host asked for it: nanoseconds of its uptime.
        let asked: UInt64
    }

    private struct Profile {
        /// Commands whose times were not read yet.
        var pending: [Pending] = []
        var records: [CommandRecord] = []
        /// From the device's clock to the host's, by the first command.
        var shift: UInt64?
    }

    /// Commands whose events are held at a time.
    private static let pendingLimit = 4096

    nonisolated(unsafe) let raw: cl_command_queue
    let context: Context
    let isProfiling: Bool
    private let profile = Mutex(Profile())

    init(in context: Context, profiling: Bool) throws(ComputeError) {
        let properties = cl_command_queue_properties(profiling ? CL_QUEUE_PROFILING_ENABLE : 0)
        raw = try context.monitor.create("clCreateCommandQueue", "opening the device") {
            clCreateCommandQueue(context.raw, context.device.raw, properties, &$0)
        }
        self.context = context
        isProfiling = profiling
        context.monitor.created()
    }

    deinit {
        clFinish(raw)
        clReleaseCommandQueue(raw)
        context.monitor.released()
    }

    /// Enqueues one command.
    /// - Parameters:
    ///   - name: its name in the profile.
    ///   - body: makes the call with the queue and, where a profile is kept, a place for the event.
    func enqueue(
        _ call: StaticString, _ name: String, _ doing: @autoclosure () -> String,
        _ body: (cl_command_queue, UnsafeMutablePointer<cl_event?>?) -> cl_int
    ) throws(ComputeError) {
        guard isProfiling else {
            try context.monitor.check(call, doing()) { body(raw, nil) }
            return
        }
        var event: cl_event?
        let asked = DispatchTime.now().uptimeNanoseconds
        try context.monitor.check(call, doing()) { body(raw, &event) }
        guard let event else { return }
        let owner = Event(event, context.monitor)
        let isFull = profile.withLock { profile in
            profile.pending.append(Pending(name: name, event: owner, asked: asked))
            return profile.pending.count >= Self.pendingLimit
        }
        if isFull { try readTimes() }
    }

    /// Waits until all commands are done.
    func finish() throws(ComputeError) {
        try context.monitor.check("clFinish", "waiting for the device") { clFinish(raw) }
    }

    /// Waits, and returns what ran since the last call, in order; empty without profiling.
    func takeProfile() throws(ComputeError) -> [CommandRecord] {
        try readTimes()
        return profile.withLock { profile in
            defer { profile.records = [] }
            return profile.records
        }
    }

    /// Waits, and turns the events that are held into records.
    private func readTimes() throws(ComputeError) {
        try finish()
        try profile.withLock { profile throws(ComputeError) in
            let done = profile.pending
            profile.pending = []
            for command in done {
                // A command is queued as soon as it is asked for, so its two times are one moment on two clocks.
                let shift: UInt64
                if let known = profile.shift {
                    shift = known
                } else {
                    shift = command.asked &- (try command.event.queued())
                }
                profile.shift = shift
                profile.records.append(try command.event.record(named: command.name, shift: shift))
            }
        }
    }
}

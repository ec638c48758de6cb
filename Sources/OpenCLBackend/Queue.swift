import COpenCL
import Compute
import Synchronization

/// An in-order command queue of one device, and the profile of what ran on it where that is asked for.
final class Queue: Sendable {
    private struct Pending {
        let name: String
        let event: Event
    }

    nonisolated(unsafe) let raw: cl_command_queue
    let context: Context
    let isProfiling: Bool
    private let pending = Mutex<[Pending]>([])

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
        try context.monitor.check(call, doing()) { body(raw, &event) }
        guard let event else { return }
        let owner = Event(event, context.monitor)
        pending.withLock { $0.append(Pending(name: name, event: owner)) }
    }

    /// Waits until all commands are done.
    func finish() throws(ComputeError) {
        try context.monitor.check("clFinish", "waiting for the device") { clFinish(raw) }
    }

    /// Waits, and returns what ran since the last call, in order; empty without profiling.
    func takeProfile() throws(ComputeError) -> [CommandRecord] {
        try finish()
        let done = pending.withLock { pending in
            defer { pending = [] }
            return pending
        }
        var records: [CommandRecord] = []
        for command in done { records.append(try command.event.record(named: command.name)) }
        return records
    }
}

import COpenCL
import Compute

/// When a command was queued, submitted, started and ended: nanoseconds of the device's clock.
package struct CommandRecord: Sendable, Equatable {
    package let name: String
    package let queued: UInt64
    package let submitted: UInt64
    package let started: UInt64
    package let ended: UInt64
}

/// An OpenCL event.
final class Event: Sendable {
    private nonisolated(unsafe) let raw: cl_event
    private let monitor: CallMonitor

    /// Takes over a reference.
    init(_ raw: cl_event, _ monitor: CallMonitor) {
        self.raw = raw
        self.monitor = monitor
        monitor.created()
    }

    deinit {
        clReleaseEvent(raw)
        monitor.released()
    }

    /// - Precondition: the command is done.
    func record(named name: String) throws(ComputeError) -> CommandRecord {
        CommandRecord(
            name: name, queued: try time(CL_PROFILING_COMMAND_QUEUED),
            submitted: try time(CL_PROFILING_COMMAND_SUBMIT), started: try time(CL_PROFILING_COMMAND_START),
            ended: try time(CL_PROFILING_COMMAND_END))
    }

    private func time(_ moment: Int32) throws(ComputeError) -> UInt64 {
        try monitor.value("clGetEventProfilingInfo", "reading the profile", cl_ulong(0)) {
            clGetEventProfilingInfo(raw, cl_profiling_info(moment), $0, $1, $2)
        }
    }
}

import COpenCL
import Compute

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

    /// When the command was queued, by the device's clock.
    func queued() throws(ComputeError) -> UInt64 { try time(CL_PROFILING_COMMAND_QUEUED) }

    /// - Parameter shift: from the device's clock to the host's.
    /// - Precondition: the command is done.
    func record(named name: String, shift: UInt64) throws(ComputeError) -> CommandRecord {
        CommandRecord(
            name: name, queued: try queued() &+ shift, submitted: try time(CL_PROFILING_COMMAND_SUBMIT) &+ shift,
            started: try time(CL_PROFILING_COMMAND_START) &+ shift, ended: try time(CL_PROFILING_COMMAND_END) &+ shift)
    }

    private func time(_ moment: Int32) throws(ComputeError) -> UInt64 {
        try monitor.value("clGetEventProfilingInfo", "reading the profile", cl_ulong(0)) {
            clGetEventProfilingInfo(raw, cl_profiling_info(moment), $0, $1, $2)
        }
    }
}

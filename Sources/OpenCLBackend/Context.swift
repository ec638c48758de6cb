import COpenCL
import Compute

/// An OpenCL context of one device, and the monitor of its calls.
final class Context: Sendable {
    nonisolated(unsafe) let raw: cl_context
    let device: OpenCLDevice
    let monitor: CallMonitor

    init(_ device: OpenCLDevice, monitor: CallMonitor) throws(ComputeError) {
        let properties: [cl_context_properties] = [
            cl_context_properties(CL_CONTEXT_PLATFORM), cl_context_properties(Int(bitPattern: device.platform)), 0,
        ]
        var id: cl_device_id? = device.raw
        raw = try monitor.create("clCreateContext", "opening the device") {
            clCreateContext(properties, 1, &id, nil, nil, &$0)
        }
        self.device = device
        self.monitor = monitor
        monitor.created()
    }

    deinit {
        clReleaseContext(raw)
        monitor.released()
    }
}

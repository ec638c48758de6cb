import COpenCL
import Compute

/// Device memory, readable and writable by kernels.
final class Memory: Sendable {
    nonisolated(unsafe) let raw: cl_mem
    let byteCount: Int
    let context: Context

    /// - Throws: ``ComputeError`` of kind `outOfMemory` where the device's limits do not allow it. They are checked
    ///   before the driver is asked, because drivers allocate lazily and some never enforce them.
    init(_ byteCount: Int, in context: Context) throws(ComputeError) {
        precondition(byteCount >= 0, "memory of \(byteCount) bytes")
        let byteCount = max(byteCount, 1)
        let device = context.device.device
        let monitor = context.monitor
        let doing = "allocating \(Self.size(byteCount))"
        guard byteCount <= device.maximumAllocation else {
            throw ComputeError(
                .outOfMemory, operation: doing, device: device.name,
                detail: "a single buffer holds at most \(Self.size(device.maximumAllocation))",
                advice: "lower compute.tile")
        }
        let used = monitor.liveBytes
        guard byteCount <= device.memory - used else {
            throw ComputeError(
                .outOfMemory, operation: doing, device: device.name,
                detail: "\(Self.size(used)) of \(Self.size(device.memory)) are in use", advice: "lower compute.tile")
        }
        raw = try monitor.create("clCreateBuffer", doing) {
            clCreateBuffer(context.raw, cl_mem_flags(CL_MEM_READ_WRITE), byteCount, nil, &$0)
        }
        self.byteCount = byteCount
        self.context = context
        monitor.created(bytes: byteCount)
    }

    deinit {
        clReleaseMemObject(raw)
        context.monitor.released(bytes: byteCount)
    }

    /// Bytes in words, rounded up.
    static func size(_ bytes: Int) -> String {
        switch bytes {
        case ..<1024: "\(bytes) B"
        case ..<(1 << 20): "\((bytes + 1023) >> 10) KiB"
        default: "\((bytes + (1 << 20) - 1) >> 20) MiB"
        }
    }
}

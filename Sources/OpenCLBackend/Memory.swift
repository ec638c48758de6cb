import COpenCL
import Compute

/// Device memory, readable and writable by kernels.
final class Memory: Sendable {
    nonisolated(unsafe) let raw: cl_mem
    let byteCount: Int
    let context: Context

    /// - Throws: ``ComputeError`` of kind `outOfMemory` where the device's limits do not allow it. They are checked
    ///   before the driver is asked, because drivers allocate lazily and some never enforce them.
    /// - Parameter advice: what to do where there is not enough.
    init(_ byteCount: Int, in context: Context, advice: String = "lower compute.tile") throws(ComputeError) {
        precondition(byteCount >= 0, "memory of \(byteCount) bytes")
        let byteCount = max(byteCount, 1)
        let device = context.device.device
        let monitor = context.monitor
        let doing = "allocating \(byteCount.byteSize)"
        guard byteCount <= device.maximumAllocation else {
            throw ComputeError(
                .outOfMemory, operation: doing, device: device.name,
                detail: "a single buffer holds at most \(device.maximumAllocation.byteSize)",
                advice: advice)
        }
        let used = monitor.liveBytes
        guard byteCount <= device.memory - used else {
            throw ComputeError(
                .outOfMemory, operation: doing, device: device.name,
                detail: "\(used.byteSize) of \(device.memory.byteSize) are in use", advice: advice)
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

    /// Copies numbers to the start.
    func write<T: BitwiseCopyable>(_ elements: [T], on queue: Queue) throws(ComputeError) {
        let raw = raw
        let bytes = elements.count * MemoryLayout<T>.stride
        try queue.enqueue("clEnqueueWriteBuffer", "write", "sending \(bytes.byteSize)") { queue, event in
            elements.withUnsafeBytes {
                clEnqueueWriteBuffer(queue, raw, cl_bool(CL_TRUE), 0, bytes, $0.baseAddress, 0, nil, event)
            }
        }
    }

    /// Waits for the device and lends the first `byteCount` bytes to `body`; a processor's memory is not copied.
    func read(_ byteCount: Int, on queue: Queue, _ body: (UnsafeRawPointer) -> Void) throws(ComputeError) {
        let raw = raw
        let doing = "receiving \(byteCount.byteSize)"
        let pointer = try context.monitor.create("clEnqueueMapBuffer", doing) {
            clEnqueueMapBuffer(
                queue.raw, raw, cl_bool(CL_TRUE), cl_map_flags(CL_MAP_READ), 0, byteCount, 0, nil, nil, &$0)
        }
        body(pointer)
        try queue.enqueue("clEnqueueUnmapMemObject", "unmap", doing) { queue, event in
            clEnqueueUnmapMemObject(queue, raw, pointer, 0, nil, event)
        }
    }
}

import COpenCL
import Compute

extension OpenCLBackend {
    package func allocate(_ count: Int, _ precision: Precision) throws(ComputeError) -> Buffer {
        try requireSupport(of: precision, "allocating \(count) numbers of \(precision.rawValue)")
        let memory = try Memory(count * precision.byteCount, in: context)
        return Buffer(count: count, precision: precision, storage: memory)
    }

    package func write(
        _ source: UnsafeRawBufferPointer, to buffer: Buffer, offset: Int
    ) throws(ComputeError) {
        let start = checkedStart(of: source.count, in: buffer, offset)
        guard source.count > 0 else { return }
        let memory = context.memory(of: buffer)
        try queue.enqueue("clEnqueueWriteBuffer", "write", "sending \(source.count.byteSize)") { queue, event in
            clEnqueueWriteBuffer(
                queue, memory.raw, cl_bool(CL_TRUE), start, source.count, source.baseAddress, 0, nil, event)
        }
    }

    package func read(
        _ buffer: Buffer, offset: Int, into target: UnsafeMutableRawBufferPointer
    ) throws(ComputeError) {
        let start = checkedStart(of: target.count, in: buffer, offset)
        guard target.count > 0 else { return }
        let memory = context.memory(of: buffer)
        try queue.enqueue("clEnqueueReadBuffer", "read", "receiving \(target.count.byteSize)") { queue, event in
            clEnqueueReadBuffer(
                queue, memory.raw, cl_bool(CL_TRUE), start, target.count, target.baseAddress, 0, nil, event)
        }
    }

    package func copy(_ source: Buffer, to target: Buffer) throws(ComputeError) {
        precondition(
            source.precision == target.precision && source.count <= target.count,
            "\(source.count) numbers of \(source.precision) do not go into \(target.count) of \(target.precision)")
        guard source.count > 0, source !== target else { return }
        let from = context.memory(of: source)
        let to = context.memory(of: target)
        let bytes = source.count * source.precision.byteCount
        try queue.enqueue("clEnqueueCopyBuffer", "copy", "copying \(bytes.byteSize)") { queue, event in
            clEnqueueCopyBuffer(queue, from.raw, to.raw, 0, 0, bytes, 0, nil, event)
        }
    }

    /// Byte at which number `offset` starts.
    private func checkedStart(of byteCount: Int, in buffer: Buffer, _ offset: Int) -> Int {
        let size = buffer.precision.byteCount
        precondition(
            offset >= 0 && byteCount % size == 0 && offset + byteCount / size <= buffer.count,
            "\(byteCount) bytes at \(offset) exceed a buffer of \(buffer.count) × \(buffer.precision.rawValue)")
        return offset * size
    }
}

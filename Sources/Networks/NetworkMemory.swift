import Compute
import Synchronization

/// Device memory for what passes through a net: buffers that one step gave back and the next will want again.
final class NetworkMemory: Sendable {
    let backend: any Backend
    let precision: Precision
    /// Numbers that the windows of a convolution may take at a time: what stays in the cache of one of a processor's
    /// cores, or keeps a GPU busy.
    let columnLimit: Int
    private let idle = Mutex<[Int: [Buffer]]>([:])
    private let ones = Mutex<Buffer?>(nil)

    init(backend: any Backend, precision: Precision) {
        self.backend = backend
        self.precision = precision
        columnLimit = (backend.device.kind == .cpu ? 2 << 20 : 256 << 20) / precision.byteCount
    }

    /// Memory with whatever it holds, until nobody refers to it any more.
    func borrow(_ count: Int) throws(ComputeError) -> PooledBuffer {
        if let buffer = idle.withLock({ $0[count]?.popLast() }) { return PooledBuffer(buffer, from: self) }
        return PooledBuffer(try backend.allocate(count, precision), from: self)
    }

    /// At least `count` ones.
    func ones(_ count: Int) throws(ComputeError) -> Buffer {
        if let known = ones.withLock({ $0 }), known.count >= count { return known }
        let buffer = try backend.upload([Double](repeating: 1, count: count), as: precision)
        ones.withLock { $0 = buffer }
        return buffer
    }

    fileprivate func giveBack(_ buffer: Buffer) { idle.withLock { $0[buffer.count, default: []].append(buffer) } }
}

/// A buffer that goes back to where it came from with its last reference. Commands of a device run in order, so that
/// the next user cannot overtake those that still read it.
final class PooledBuffer: Sendable {
    let buffer: Buffer
    private let memory: NetworkMemory?

    fileprivate init(_ buffer: Buffer, from memory: NetworkMemory) {
        self.buffer = buffer
        self.memory = memory
    }

    /// A buffer that belongs to somebody else.
    init(foreign buffer: Buffer) {
        self.buffer = buffer
        memory = nil
    }

    deinit { memory?.giveBack(buffer) }
}

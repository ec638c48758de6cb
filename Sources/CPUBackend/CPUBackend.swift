import COpenBLAS
import CPUKernels
import Compute
import Dispatch
import Foundation
import Synchronization

/// The host's processor: OpenBLAS for products, the C drivers of `CPUKernels` for covariances, all cores.
///
/// Work is cut into parts, each done by one thread with single-threaded BLAS; which parts there are depends on the
/// sizes alone, so results do not depend on the number of threads.
package final class CPUBackend: Backend {
    package let device: Device
    package var accumulatePrecision: Precision { .float64 }
    /// Threads at work during one call.
    let threads: Int
    /// The same memory and operations on the calling thread alone; nil in that backend itself.
    private let serial: CPUBackend?
    /// Whether calls come from one of several threads, so that a product is not cut any further.
    var isSerial: Bool { serial == nil }
    /// Blocks that linearizations gave back.
    let cache = CPUMemoryCache()

    /// - Parameter threads: at most this many; nil for all cores that the process may use.
    package init(index: Int = 0, threads: Int? = nil) {
        let cores = Int(ntk_usable_cores())
        self.threads = max(1, min(threads ?? cores, cores))
        device = Device(
            backend: "cpu", index: index, name: Self.processorName, driver: Self.blasName, kind: .cpu,
            computeUnits: self.threads, memory: Self.physicalMemory, maximumAllocation: Self.physicalMemory,
            localMemory: 0, supportsFloat64: true, tile: 2048)
        serial = CPUBackend(serialOn: device)
        openblas_set_num_threads(1)
    }

    private init(serialOn device: Device) {
        self.device = device
        threads = 1
        serial = nil
    }

    // MARK: Memory

    package func allocate(_ count: Int, _ precision: Precision) throws(ComputeError) -> Buffer {
        let memory = try CPUMemory(byteCount: count * precision.byteCount)
        return Buffer(count: count, precision: precision, storage: memory)
    }

    package func write(_ source: UnsafeRawBufferPointer, to buffer: Buffer, offset: Int) throws(ComputeError) {
        let start = offset * buffer.precision.byteCount
        precondition(start + source.count <= buffer.count * buffer.precision.byteCount)
        guard let bytes = source.baseAddress else { return }
        memcpy(UnsafeMutableRawPointer(buffer.pointer(UInt8.self) + start), bytes, source.count)
    }

    package func read(
        _ buffer: Buffer, offset: Int, into target: UnsafeMutableRawBufferPointer
    ) throws(ComputeError) {
        let start = offset * buffer.precision.byteCount
        precondition(start + target.count <= buffer.count * buffer.precision.byteCount)
        guard let bytes = target.baseAddress else { return }
        memcpy(bytes, UnsafeRawPointer(buffer.pointer(UInt8.self) + start), target.count)
    }

    package func copy(_ source: Buffer, to target: Buffer) throws(ComputeError) {
        precondition(source.count == target.count && source.precision == target.precision)
        memcpy(target.pointer(UInt8.self), source.pointer(UInt8.self), source.count * source.precision.byteCount)
    }

    // MARK: Threads

    /// Runs `body` for 0 ..< count on all threads, in any order.
    func parallel(_ count: Int, _ body: (Int) -> Void) {
        if count <= 1 || threads == 1 {
            for index in 0..<count { body(index) }
            return
        }
        let counter = Counter()
        withoutActuallyEscaping(body) { body in
            // The parts write to disjoint memory, and none outlives this call.
            nonisolated(unsafe) let work = body
            DispatchQueue.concurrentPerform(iterations: min(threads, count)) { _ in
                while let index = counter.next(below: count) { work(index) }
            }
        }
    }

    /// One thread per sequence: what a sequence has just written is in that thread's cache when it is read.
    package func concurrently(
        _ count: Int, _ body: @Sendable (any Backend, Int) throws(ComputeError) -> Void
    ) throws(ComputeError) {
        // A single sequence has all threads to itself.
        guard count > 1, let backend = serial else {
            for index in 0..<count { try body(self, index) }
            return
        }
        let failure = Mutex<ComputeError?>(nil)
        parallel(count) { index in
            do throws(ComputeError) {
                try body(backend, index)
            } catch {
                failure.withLock { $0 = $0 ?? error }
            }
        }
        if let error = failure.withLock({ $0 }) { throw error }
    }

    /// Cuts 0 ..< count into parts of `size`.
    static func parts(_ count: Int, of size: Int) -> [Range<Int>] {
        stride(from: 0, to: count, by: size).map { $0..<min($0 + size, count) }
    }
}

/// Hands out indices to threads.
private final class Counter: @unchecked Sendable {
    private var value = 0
    private let lock = NSLock()

    func next(below count: Int) -> Int? {
        lock.lock()
        defer { lock.unlock() }
        guard value < count else { return nil }
        value += 1
        return value - 1
    }
}

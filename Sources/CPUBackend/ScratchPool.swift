import Compute
import Foundation

/// Scratch memory for threads: as many places as threads work at once, each in one thread's hands at a time.
final class ScratchPool: @unchecked Sendable {
    private let memory: CPUMemory
    private let byteCount: Int
    private var places: [Int]
    private let lock = NSLock()

    init(places count: Int, byteCount: Int) throws(ComputeError) {
        self.byteCount = (byteCount + 63) / 64 * 64
        memory = try CPUMemory(byteCount: count * self.byteCount)
        places = Array(0..<count)
    }

    func with<R>(_ body: (UnsafeMutableRawPointer) -> R) -> R {
        let place = lock.withLock { places.popLast() }
        guard let place else { preconditionFailure("more threads than scratch places") }
        defer { lock.withLock { places.append(place) } }
        return body(memory.base + place * byteCount)
    }
}

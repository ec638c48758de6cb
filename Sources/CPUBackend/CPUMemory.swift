import Compute

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Zeroed host memory, aligned to 64 bytes; freed with the object.
final class CPUMemory: @unchecked Sendable {
    let base: UnsafeMutableRawPointer
    let byteCount: Int

    init(byteCount: Int) throws(ComputeError) {
        self.byteCount = byteCount
        var pointer: UnsafeMutableRawPointer?
        guard posix_memalign(&pointer, 64, max(byteCount, 64)) == 0, let pointer else {
            throw ComputeError(
                .outOfMemory, operation: "allocating \(byteCount >> 20) MiB", device: "host memory",
                advice: "lower compute.tile or use fewer points")
        }
        memset(pointer, 0, max(byteCount, 64))
        base = pointer
    }

    deinit { free(base) }

    func pointer<T>(_ type: T.Type = T.self) -> UnsafeMutablePointer<T> { base.assumingMemoryBound(to: T.self) }
}

extension Buffer {
    func pointer<T>(_ type: T.Type = T.self) -> UnsafeMutablePointer<T> {
        guard let memory = storage as? CPUMemory else {
            preconditionFailure("a buffer of another backend was given to the CPU backend")
        }
        return memory.pointer()
    }
}

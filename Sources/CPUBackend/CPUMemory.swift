import Compute

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Host memory, aligned to 64 bytes and zeroed unless said otherwise; freed with the object.
final class CPUMemory: @unchecked Sendable {
    let base: UnsafeMutableRawPointer
    let byteCount: Int
    private let cache: CPUMemoryCache?

    /// - Parameters:
    ///   - zeroed: false for scratch that is written before it is read.
    ///   - cache: where the memory comes from and goes back to, if it has a block of that size.
    init(byteCount: Int, zeroed: Bool = true, cache: CPUMemoryCache? = nil) throws(ComputeError) {
        self.byteCount = byteCount
        self.cache = cache
        if let block = cache?.take(byteCount) {
            if zeroed { memset(block, 0, byteCount) }
            base = block
            return
        }
        var pointer: UnsafeMutableRawPointer?
        guard posix_memalign(&pointer, 64, max(byteCount, 64)) == 0, let pointer else {
            throw ComputeError(
                .outOfMemory, operation: "allocating \(byteCount.byteSize)", device: "host memory",
                advice: "lower compute.tile or use fewer points")
        }
        if zeroed { memset(pointer, 0, max(byteCount, 64)) }
        base = pointer
    }

    deinit {
        if let cache { cache.give(base, byteCount) } else { free(base) }
    }

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

import Foundation

/// Large blocks that one call gave back and the next will want again, e.g. at every step of PGD: fresh pages from the
/// system cost as much as the arithmetic on them.
final class CPUMemoryCache: @unchecked Sendable {
    private var blocks: [(base: UnsafeMutableRawPointer, byteCount: Int)] = []
    private var held = 0
    /// Bytes that may lie idle.
    private let limit: Int
    private let lock = NSLock()

    init(limit: Int = 512 << 20) { self.limit = limit }

    deinit { for block in blocks { free(block.base) } }

    /// A block of exactly this size, with whatever it holds; nil where there is none.
    func take(_ byteCount: Int) -> UnsafeMutableRawPointer? {
        lock.withLock {
            guard let index = blocks.firstIndex(where: { $0.byteCount == byteCount }) else { return nil }
            held -= byteCount
            return blocks.remove(at: index).base
        }
    }

    /// Keeps a block, or frees it where too much lies idle.
    func give(_ base: UnsafeMutableRawPointer, _ byteCount: Int) {
        let isKept = lock.withLock {
            guard held + byteCount <= limit else { return false }
            held += byteCount
            blocks.append((base, byteCount))
            return true
        }
        if !isKept { free(base) }
    }
}

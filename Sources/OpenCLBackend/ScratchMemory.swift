import Compute
import Synchronization

/// Device memory that is kept from one tile to the next, because fresh pages cost as much as a tile's results.
final class ScratchMemory: Sendable {
    /// Planes of one tile: NNGP and NTK.
    private static let kept = 2
    private let free = Mutex<[Memory]>([])

    /// Memory of at least `byteCount` bytes.
    func take(_ byteCount: Int, in context: Context) throws(ComputeError) -> Memory {
        let known = free.withLock { free -> Memory? in
            guard let place = free.firstIndex(where: { $0.byteCount >= byteCount }) else {
                // What is too small makes room.
                free = []
                return nil
            }
            return free.remove(at: place)
        }
        if let known { return known }
        return try Memory(byteCount, in: context)
    }

    /// Takes memory back that nobody writes to any more.
    func give(_ memory: Memory) {
        free.withLock { free in
            if free.count < Self.kept { free.append(memory) }
        }
    }
}

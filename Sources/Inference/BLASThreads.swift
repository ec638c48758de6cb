import COpenBLAS
import Synchronization

/// Lets OpenBLAS use all cores for the length of a solve.
///
/// The thread count belongs to the process, so overlapping solves share it: the first notes what it found, each
/// raises it, the last restores it.
package enum BLASThreads {
    private static let nesting = Mutex(Nesting())

    package static func all<R, E: Error>(_ body: () throws(E) -> R) throws(E) -> R {
        nesting.withLock { nesting in
            nesting.enter(found: openblas_get_num_threads())
            openblas_set_num_threads(openblas_get_num_procs())
        }
        defer {
            nesting.withLock { nesting in
                if let found = nesting.leave() { openblas_set_num_threads(found) }
            }
        }
        return try body()
    }

    struct Nesting {
        private var depth = 0
        private var found: Int32 = 1

        mutating func enter(found count: Int32) {
            if depth == 0 { found = count }
            depth += 1
        }

        /// The thread count to restore, when the last one leaves.
        mutating func leave() -> Int32? {
            depth -= 1
            return depth == 0 ? found : nil
        }
    }
}

import Foundation
import Storage
import Synchronization

/// System calls of which the n-th fails; counts over all of open, write, sync and rename.
package final class FailingCalls: Sendable {
    private let count = Mutex(0)
    private let failing: Int
    private let error: SystemError
    private let largestWrite: Int

    /// - Parameters:
    ///   - failing: which call fails, from 1; none where nil.
    ///   - largestWrite: bytes that one write takes at most, as a busy system may.
    package init(failing: Int?, code: Int32 = ENOSPC, largestWrite: Int = .max) {
        self.failing = failing ?? .max
        error = SystemError(code: code)
        self.largestWrite = largestWrite
    }

    package var made: Int { count.withLock { $0 } }

    private func step() throws(SystemError) {
        let number = count.withLock { count in
            count += 1
            return count
        }
        if number == failing { throw error }
    }

    package var calls: FileCalls {
        let system = FileCalls.system
        var calls = system
        calls.open = { [self] (path, flags) throws(SystemError) in
            try step()
            return try system.open(path, flags)
        }
        calls.write = { [self] (descriptor, bytes) throws(SystemError) in
            try step()
            return try system.write(descriptor, UnsafeRawBufferPointer(rebasing: bytes.prefix(largestWrite)))
        }
        calls.sync = { [self] (descriptor) throws(SystemError) in
            try step()
            try system.sync(descriptor)
        }
        calls.rename = { [self] (from, to) throws(SystemError) in
            try step()
            try system.rename(from, to)
        }
        return calls
    }
}

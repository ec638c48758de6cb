import Foundation

/// Memory of this process and this machine.
package enum ProcessMemory {
    /// The largest resident size so far, in bytes.
    package static var peak: Int {
        var usage = rusage()
        #if os(Linux)
            getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
            return usage.ru_maxrss * 1024
        #else
            getrusage(RUSAGE_SELF, &usage)
            return usage.ru_maxrss
        #endif
    }

    /// Bytes that a run may use where the configuration does not say: nine tenths of the machine's.
    package static var standardLimit: Int { Int(ProcessInfo.processInfo.physicalMemory / 10 * 9) }
}

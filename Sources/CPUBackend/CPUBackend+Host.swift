import COpenBLAS
import Foundation

/// What the machine says of itself.
extension CPUBackend {
    /// Cores that this process may use; an affinity mask counts.
    static var usableCores: Int {
        #if os(Linux)
            var set = cpu_set_t()
            if sched_getaffinity(0, MemoryLayout<cpu_set_t>.size, &set) == 0 {
                let bits = withUnsafeBytes(of: &set) { $0.reduce(0) { $0 + $1.nonzeroBitCount } }
                return max(1, bits)
            }
        #endif
        return ProcessInfo.processInfo.activeProcessorCount
    }

    static var physicalMemory: Int { Int(ProcessInfo.processInfo.physicalMemory) }

    static var processorName: String {
        let text = (try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8)) ?? ""
        let line = text.split(separator: "\n").first { $0.hasPrefix("model name") }
        let name = line?.split(separator: ":").last.map { $0.trimmingCharacters(in: .whitespaces) }
        return name ?? "processor"
    }

    /// Library and the processor family that it was built or chosen for.
    static var blasName: String {
        let version = String(cString: openblas_get_config()).split(separator: " ").prefix(2).joined(separator: " ")
        return "\(version) \(String(cString: openblas_get_corename()))"
    }
}

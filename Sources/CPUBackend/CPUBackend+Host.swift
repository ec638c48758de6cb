import COpenBLAS
import Foundation

/// What the machine says of itself.
extension CPUBackend {
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

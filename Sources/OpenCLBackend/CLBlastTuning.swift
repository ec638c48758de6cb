import CCLBlast
import COpenCL
import Compute

/// Parameters of CLBlast's matrix product for devices that it has no measurements of.
enum CLBlastTuning {
    /// One work-item per group with explicit vectors, which is what a processor wants.
    private static func processorParameters(vector: Int) -> [(StaticString, Int)] {
        [
            ("GEMMK", 0), ("KREG", 1), ("KWG", 32), ("KWI", 2), ("MDIMA", 1), ("MDIMC", 1), ("MWG", 16),
            ("NDIMB", 1), ("NDIMC", 1), ("NWG", 16), ("SA", 0), ("SB", 0), ("STRM", 0), ("STRN", 0),
            ("VWM", vector), ("VWN", vector),
        ]
    }

    static func apply(to device: OpenCLDevice, _ monitor: CallMonitor) throws(ComputeError) {
        guard device.device.kind == .cpu else { return }
        try override("Xgemm", CLBlastPrecisionSingle, processorParameters(vector: 8), device, monitor)
        if device.device.supportsFloat64 {
            try override("Xgemm", CLBlastPrecisionDouble, processorParameters(vector: 8), device, monitor)
        }
    }

    private static func override(
        _ kernel: StaticString, _ precision: CLBlastPrecision, _ parameters: [(StaticString, Int)],
        _ device: OpenCLDevice, _ monitor: CallMonitor
    ) throws(ComputeError) {
        // StaticString literals are NUL-terminated and live as long as the program.
        var names: [UnsafePointer<CChar>?] = parameters.map {
            UnsafeRawPointer($0.0.utf8Start).assumingMemoryBound(to: CChar.self)
        }
        let values = parameters.map(\.1)
        try monitor.check("CLBlastOverrideParameters", "tuning \(kernel)") {
            kernel.utf8Start.withMemoryRebound(to: CChar.self, capacity: kernel.utf8CodeUnitCount + 1) { kernel in
                CLBlastOverrideParameters(device.raw, kernel, precision, values.count, &names, values).rawValue
            }
        }
    }
}

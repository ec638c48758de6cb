import CCLBlast
import COpenCL
import Compute
import Synchronization

/// Parameters of CLBlast's matrix product for devices that it has no measurements of.
enum CLBlastTuning {
    /// One work-item per group with explicit vectors, which is what a processor wants: 110–160 GFLOP/s in float32
    /// on two cores with AVX-512 where the defaults reach 10–27, 50–90 instead of 20–29 in float64.
    private static let product: [(StaticString, Int)] = [
        ("GEMMK", 0), ("KREG", 1), ("KWG", 32), ("KWI", 2), ("MDIMA", 1), ("MDIMC", 1), ("MWG", 16), ("NDIMB", 1),
        ("NDIMC", 1), ("NWG", 16), ("SA", 0), ("SB", 0), ("STRM", 0), ("STRN", 0), ("VWM", 8), ("VWN", 8),
    ]

    /// Products of fewer than the cube of this many multiplications take CLBlast's kernel without copies.
    private static func smallProduct(_ side: Int) -> [(StaticString, Int)] { [("XGEMM_MIN_INDIRECT_SIZE", side)] }

    /// CLBlast 1.5.3 fills its table of measurements at the first call without guarding it against a second thread.
    private static let table = Mutex(())

    static func apply(to device: OpenCLDevice, _ monitor: CallMonitor) throws(ComputeError) {
        guard device.device.kind == .cpu else { return }
        try table.withLock { _ throws(ComputeError) in try overrideAll(of: device, monitor) }
    }

    private static func overrideAll(of device: OpenCLDevice, _ monitor: CallMonitor) throws(ComputeError) {
        try override("Xgemm", CLBlastPrecisionSingle, product, device, monitor)
        try override("GemmRoutine", CLBlastPrecisionSingle, smallProduct(192), device, monitor)
        if device.device.supportsFloat64 {
            try override("Xgemm", CLBlastPrecisionDouble, product, device, monitor)
            try override("GemmRoutine", CLBlastPrecisionDouble, smallProduct(384), device, monitor)
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

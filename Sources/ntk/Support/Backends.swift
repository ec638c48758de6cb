import CPUBackend
import Compute
import Experiments
import OpenCLBackend

/// Which backends there are, found once.
struct Backends {
    /// OpenCL devices in the order of `ntk devices`; the CPU backend comes behind them.
    let opencl: [OpenCLDevice]

    init() throws { opencl = try OpenCLDevices.all() }

    /// The processor's position in `ntk devices`.
    var cpuIndex: Int { opencl.count }

    /// Devices that the section asks for.
    /// - Parameters:
    ///   - threads: of the CPU backend.
    ///   - profiling: whether devices keep a record of their commands.
    ///   - note: told what was chosen where the choice was ours.
    func selected(
        _ section: ComputeSection, threads: Int? = nil, profiling: Bool = false, note: (String) -> Void = { _ in }
    ) throws -> [any Backend] {
        switch section.backend {
        case .cpu: return [CPUBackend(index: cpuIndex, threads: threads)]
        case .opencl: return try chosen(opencl, section, profiling)
        case .auto:
            let gpus = opencl.filter { $0.device.kind == .gpu && supports($0, section.precision) }
            guard gpus.isEmpty else { return try chosen(gpus, section, profiling) }
            note(
                opencl.isEmpty
                    ? "OpenCL has no platform here; the cpu backend computes"
                    : "OpenCL has no GPU for \(section.precision.rawValue) here; the cpu backend computes")
            return [CPUBackend(index: cpuIndex, threads: threads)]
        }
    }

    private func chosen(
        _ devices: [OpenCLDevice], _ section: ComputeSection, _ profiling: Bool
    ) throws -> [any Backend] {
        guard !devices.isEmpty else {
            throw ComputeError(
                .deviceUnavailable, operation: "looking for an OpenCL device", device: "this machine",
                detail: "no platform is installed", advice: "install a driver or set compute.backend: cpu")
        }
        let wanted = try section.devices.map { selectors in
            try selectors.flatMap { selector -> [OpenCLDevice] in
                guard let device = devices.first(where: { $0.device.index == selector.index }) else {
                    throw UsageError("compute.devices: there is no OpenCL device \(selector.index); see ntk devices")
                }
                return switch selector {
                case .whole: [device]
                case .parts(_, let units): try device.parts(units: units)
                }
            }
        }
        let usable = (wanted ?? devices).filter { supports($0, section.precision) }
        guard !usable.isEmpty else {
            throw ComputeError(
                .deviceUnavailable, operation: "choosing a device for \(section.precision.rawValue)",
                device: devices[0].device.name, detail: "it has no fp64",
                advice: "set compute.precision: float32 or compute.backend: cpu")
        }
        return try usable.map { try OpenCLBackend($0, profiling: profiling) }
    }

    private func supports(_ device: OpenCLDevice, _ precision: Precision) -> Bool {
        precision == .float32 || device.device.supportsFloat64
    }
}

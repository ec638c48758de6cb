import CPUBackend
import Compute
import Experiments
import Foundation
import OpenCLBackend

/// Which backends this machine has, found once.
package struct Backends {
    /// OpenCL devices in the order of `ntk devices`; the CPU backend comes behind them.
    package let opencl: [OpenCLDevice]

    package init() throws { opencl = try OpenCLDevices.all() }

    /// The processor's position in `ntk devices`.
    package var cpuIndex: Int { opencl.count }

    /// Devices that a configuration asks for.
    /// - Parameters:
    ///   - threads: of the CPU backend.
    ///   - profiling: whether devices keep a record of their commands.
    ///   - note: told what was chosen where the choice was ours.
    /// - Throws: `ConfigurationError` of `compute.devices`; `ComputeError` where there is no such device.
    package func selected(
        _ configuration: Configuration, threads: Int? = nil, profiling: Bool = false, note: (String) -> Void = { _ in }
    ) throws -> [any Backend] {
        guard let devices = try chosen(configuration, note) else {
            return [CPUBackend(index: cpuIndex, threads: threads)]
        }
        return try devices.map { try OpenCLBackend($0, profiling: profiling) }
    }

    /// The part of one of several processes of this machine: they take its devices in turn, or share its cores.
    /// - Parameters:
    ///   - place: of the process, from 0.
    ///   - count: of processes.
    /// - Throws: as ``selected(_:threads:profiling:note:)``.
    package func share(_ place: Int, of count: Int, _ configuration: Configuration) throws -> any Backend {
        guard let devices = try chosen(configuration, { _ in }) else {
            let cores = ProcessInfo.processInfo.activeProcessorCount
            return CPUBackend(index: cpuIndex, threads: max(1, cores / max(1, count)))
        }
        return try OpenCLBackend(devices[place % devices.count])
    }

    /// OpenCL devices that a configuration asks for; nil for the CPU backend.
    private func chosen(_ configuration: Configuration, _ note: (String) -> Void) throws -> [OpenCLDevice]? {
        switch configuration.compute.backend {
        case .cpu: return nil
        case .opencl: return try chosen(opencl, configuration)
        case .auto:
            let precision = configuration.compute.precision
            let gpus = opencl.filter { $0.device.kind == .gpu && supports($0, precision) }
            guard gpus.isEmpty else { return try chosen(gpus, configuration) }
            note(
                opencl.isEmpty
                    ? "OpenCL has no platform here; the cpu backend computes"
                    : "OpenCL has no GPU for \(precision.rawValue) here; the cpu backend computes")
            return nil
        }
    }

    private func chosen(_ devices: [OpenCLDevice], _ configuration: Configuration) throws -> [OpenCLDevice] {
        let section = configuration.compute
        guard !devices.isEmpty else {
            throw ComputeError(
                .deviceUnavailable, operation: "looking for an OpenCL device", device: "this machine",
                detail: "no platform is installed", advice: "install a driver or set compute.backend: cpu")
        }
        let wanted = try section.devices?.enumerated().flatMap { place, selector -> [OpenCLDevice] in
            guard let device = devices.first(where: { $0.device.index == selector.index }) else {
                throw configuration.error(
                    at: "compute.devices.\(place)", "there is no OpenCL device \(selector.index); see ntk devices")
            }
            return switch selector {
            case .whole: [device]
            case .parts(_, let units): try device.parts(units: units)
            }
        }
        let usable = (wanted ?? devices).filter { supports($0, section.precision) }
        guard !usable.isEmpty else {
            throw ComputeError(
                .deviceUnavailable, operation: "choosing a device for \(section.precision.rawValue)",
                device: devices[0].device.name, detail: "it has no fp64",
                advice: "set compute.precision: float32 or compute.backend: cpu")
        }
        return usable
    }

    private func supports(_ device: OpenCLDevice, _ precision: Precision) -> Bool {
        precision == .float32 || device.device.supportsFloat64
    }
}

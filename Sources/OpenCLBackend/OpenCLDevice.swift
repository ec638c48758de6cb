import COpenCL
import Compute

/// One OpenCL device, as found. Does nothing until a backend is made of it.
package final class OpenCLDevice: Sendable {
    nonisolated(unsafe) let raw: cl_device_id
    nonisolated(unsafe) let platform: cl_platform_id
    package let device: Device
    /// Name and version of the platform, e.g. `Portable Computing Language, OpenCL 3.0 PoCL 3.1`.
    package let platformName: String
    /// Largest number of work-items in a group.
    package let maximumGroup: Int
    /// Into how many parts of any number of compute units it can be split; 1 where it cannot.
    package let maximumParts: Int
    /// A part of another device, which this object releases.
    private let isPart: Bool
    let monitor: CallMonitor

    /// - Parameters:
    ///   - part: which part of how many, where the device was split; the device is then owned.
    init(
        _ raw: cl_device_id, platform: cl_platform_id, index: Int, part: (number: Int, count: Int)? = nil,
        monitor: CallMonitor
    ) throws(ComputeError) {
        let facts = DeviceFacts(raw, monitor)
        let name = try facts.text(CL_DEVICE_NAME)
        let type = try facts.number(CL_DEVICE_TYPE, cl_device_type(0))
        let kind: Device.Kind =
            type & cl_device_type(CL_DEVICE_TYPE_GPU) != 0
            ? .gpu : type & cl_device_type(CL_DEVICE_TYPE_CPU) != 0 ? .cpu : .accelerator
        let memory = Int(clamping: try facts.number(CL_DEVICE_GLOBAL_MEM_SIZE, cl_ulong(0)))
        let extensions = try facts.text(CL_DEVICE_EXTENSIONS).split(separator: " ")
        device = Device(
            backend: "opencl", index: index, name: part.map { "\(name), part \($0.number) of \($0.count)" } ?? name,
            driver: try facts.text(CL_DRIVER_VERSION), kind: kind,
            computeUnits: Int(try facts.number(CL_DEVICE_MAX_COMPUTE_UNITS, cl_uint(0))), memory: memory,
            maximumAllocation: Int(clamping: try facts.number(CL_DEVICE_MAX_MEM_ALLOC_SIZE, cl_ulong(0))),
            localMemory: Int(clamping: try facts.number(CL_DEVICE_LOCAL_MEM_SIZE, cl_ulong(0))),
            supportsFloat64: extensions.contains("cl_khr_fp64"),
            tile: kind == .cpu || memory < 8 << 30 ? 2048 : 4096)
        maximumGroup = try facts.number(CL_DEVICE_MAX_WORK_GROUP_SIZE, 0)
        let canBeSplit = try facts.list(CL_DEVICE_PARTITION_PROPERTIES, of: cl_device_partition_property(0))
            .contains(cl_device_partition_property(CL_DEVICE_PARTITION_BY_COUNTS))
        maximumParts =
            canBeSplit ? max(1, Int(try facts.number(CL_DEVICE_PARTITION_MAX_SUB_DEVICES, cl_uint(0)))) : 1
        platformName =
            try PlatformFacts.text(platform, CL_PLATFORM_NAME, monitor) + ", "
            + PlatformFacts.text(platform, CL_PLATFORM_VERSION, monitor)
        self.raw = raw
        self.platform = platform
        self.monitor = monitor
        isPart = part != nil
        if isPart { monitor.created() }
    }

    deinit {
        if isPart {
            clReleaseDevice(raw)
            monitor.released()
        }
    }
}

/// Reads what a device says of itself.
private struct DeviceFacts {
    private let device: cl_device_id
    private let monitor: CallMonitor

    init(_ device: cl_device_id, _ monitor: CallMonitor) {
        self.device = device
        self.monitor = monitor
    }

    func number<T: BitwiseCopyable>(_ parameter: Int32, _ initial: T) throws(ComputeError) -> T {
        try monitor.value("clGetDeviceInfo", "looking for devices", initial) {
            clGetDeviceInfo(device, cl_device_info(parameter), $0, $1, $2)
        }
    }

    func list<T: BitwiseCopyable>(_ parameter: Int32, of initial: T) throws(ComputeError) -> [T] {
        try monitor.list("clGetDeviceInfo", "looking for devices", of: initial) {
            clGetDeviceInfo(device, cl_device_info(parameter), $0, $1, $2)
        }
    }

    func text(_ parameter: Int32) throws(ComputeError) -> String {
        try monitor.text("clGetDeviceInfo", "looking for devices") {
            clGetDeviceInfo(device, cl_device_info(parameter), $0, $1, $2)
        }
    }
}

/// Reads what a platform says of itself.
private enum PlatformFacts {
    static func text(
        _ platform: cl_platform_id, _ parameter: Int32, _ monitor: CallMonitor
    ) throws(ComputeError) -> String {
        try monitor.text("clGetPlatformInfo", "looking for devices") {
            clGetPlatformInfo(platform, cl_platform_info(parameter), $0, $1, $2)
        }
    }
}

import COpenCL
import Compute
import Synchronization

/// Finds the OpenCL devices of this machine.
package enum OpenCLDevices {
    /// Drivers set themselves up when they are first asked for devices, and not all of them (PoCL 3.1) guard that
    /// against a second thread, which then sees none.
    private static let discovery = Mutex(())

    /// The devices of all platforms, in the platforms' order; empty where no driver is installed.
    /// - Parameters:
    ///   - firstIndex: `Device.index` of the first one.
    ///   - unitsPerCPU: splits every CPU-type device into parts of that many compute units, where it can be split
    ///     into at least two; nil leaves it whole.
    ///   - monitor: what the calls go through.
    /// - Throws: ``ComputeError`` where a driver is there but fails.
    package static func all(
        firstIndex: Int = 0, unitsPerCPU: Int? = nil, monitor: CallMonitor = CallMonitor(device: "OpenCL")
    ) throws(ComputeError) -> [OpenCLDevice] {
        try discovery.withLock { _ throws(ComputeError) in
            try find(firstIndex: firstIndex, unitsPerCPU: unitsPerCPU, monitor)
        }
    }

    private static func find(
        firstIndex: Int, unitsPerCPU: Int?, _ monitor: CallMonitor
    ) throws(ComputeError) -> [OpenCLDevice] {
        var found: [OpenCLDevice] = []
        for platform in try platforms(monitor) {
            for raw in try devices(of: platform, monitor) {
                let index = firstIndex + found.count
                let whole = try OpenCLDevice(raw, platform: platform, index: index, monitor: monitor)
                if let unitsPerCPU, whole.device.kind == .cpu, whole.device.computeUnits >= 2 * unitsPerCPU {
                    found += try parts(of: whole, units: unitsPerCPU, firstIndex: index, monitor)
                } else {
                    found.append(whole)
                }
            }
        }
        return found
    }

    private static func platforms(_ monitor: CallMonitor) throws(ComputeError) -> [cl_platform_id] {
        var count: cl_uint = 0
        var isMissing = false
        try monitor.check("clGetPlatformIDs", "looking for devices") {
            let status = clGetPlatformIDs(0, nil, &count)
            isMissing = status == CLStatus.platformNotFound.rawValue
            return isMissing ? CL_SUCCESS : status
        }
        guard !isMissing, count > 0 else { return [] }
        var platforms = [cl_platform_id?](repeating: nil, count: Int(count))
        try monitor.check("clGetPlatformIDs", "looking for devices") { clGetPlatformIDs(count, &platforms, nil) }
        return platforms.compactMap { $0 }
    }

    private static func devices(
        of platform: cl_platform_id, _ monitor: CallMonitor
    ) throws(ComputeError) -> [cl_device_id] {
        let kinds = cl_device_type(CL_DEVICE_TYPE_ALL)
        var count: cl_uint = 0
        try monitor.check("clGetDeviceIDs", "looking for devices") {
            let status = clGetDeviceIDs(platform, kinds, 0, nil, &count)
            return status == CLStatus.deviceNotFound.rawValue ? CL_SUCCESS : status
        }
        guard count > 0 else { return [] }
        var devices = [cl_device_id?](repeating: nil, count: Int(count))
        try monitor.check("clGetDeviceIDs", "looking for devices") {
            clGetDeviceIDs(platform, kinds, count, &devices, nil)
        }
        return devices.compactMap { $0 }
    }

    private static func parts(
        of whole: OpenCLDevice, units: Int, firstIndex: Int, _ monitor: CallMonitor
    ) throws(ComputeError) -> [OpenCLDevice] {
        let properties: [cl_device_partition_property] = [
            cl_device_partition_property(CL_DEVICE_PARTITION_EQUALLY), units, 0,
        ]
        var raws = [cl_device_id?](repeating: nil, count: whole.device.computeUnits / units)
        var count: cl_uint = 0
        try monitor.check("clCreateSubDevices", "splitting \(whole.device.name)") {
            clCreateSubDevices(whole.raw, properties, cl_uint(raws.count), &raws, &count)
        }
        var unclaimed = raws.compactMap { $0 }
        var parts: [OpenCLDevice] = []
        do {
            while let raw = unclaimed.first {
                let number = parts.count
                parts.append(
                    try OpenCLDevice(
                        raw, platform: whole.platform, index: firstIndex + number, part: (number + 1, Int(count)),
                        monitor: monitor))
                unclaimed.removeFirst()
            }
        } catch {
            for raw in unclaimed { clReleaseDevice(raw) }
            throw error
        }
        return parts
    }
}

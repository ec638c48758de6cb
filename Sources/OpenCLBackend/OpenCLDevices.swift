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
    ///   - monitor: what the calls go through.
    /// - Throws: ``ComputeError`` where a driver is there but fails.
    package static func all(
        firstIndex: Int = 0, monitor: CallMonitor = CallMonitor(device: "OpenCL")
    ) throws(ComputeError) -> [OpenCLDevice] {
        try discovery.withLock { _ throws(ComputeError) in try find(firstIndex: firstIndex, monitor) }
    }

    private static func find(firstIndex: Int, _ monitor: CallMonitor) throws(ComputeError) -> [OpenCLDevice] {
        var found: [OpenCLDevice] = []
        for platform in try platforms(monitor) {
            for raw in try devices(of: platform, monitor) {
                found.append(
                    try OpenCLDevice(raw, platform: platform, index: firstIndex + found.count, monitor: monitor))
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
}

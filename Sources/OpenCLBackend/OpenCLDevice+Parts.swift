import COpenCL
import Compute

extension OpenCLDevice {
    /// Parts that compute independently and at the same time, each with its own compute units. All have the index of
    /// the whole device.
    /// - Parameter units: compute units of each part, together at most those of the device.
    /// - Throws: ``ComputeError`` where the device cannot be split so.
    package func parts(units: [Int]) throws(ComputeError) -> [OpenCLDevice] {
        let doing = "splitting it into parts of \(units.map(String.init).joined(separator: " + ")) compute units"
        guard maximumParts > 1 else {
            throw ComputeError(
                .deviceUnavailable, operation: doing, device: device.name, detail: "its driver does not split it",
                advice: "name the whole device in compute.devices")
        }
        guard units.allSatisfy({ $0 > 0 }), units.count <= maximumParts,
            units.reduce(0, +) <= device.computeUnits
        else {
            throw ComputeError(
                .deviceUnavailable, operation: doing, device: device.name,
                detail: "it has \(device.computeUnits) compute units and makes at most \(maximumParts) parts",
                advice: "lower compute.devices")
        }
        let properties =
            [cl_device_partition_property(CL_DEVICE_PARTITION_BY_COUNTS)] + units
            + [cl_device_partition_property(CL_DEVICE_PARTITION_BY_COUNTS_LIST_END), 0]
        var raws = [cl_device_id?](repeating: nil, count: units.count)
        try monitor.check("clCreateSubDevices", doing) {
            clCreateSubDevices(raw, properties, cl_uint(raws.count), &raws, nil)
        }
        var unclaimed = raws.compactMap { $0 }
        var parts: [OpenCLDevice] = []
        do {
            while let part = unclaimed.first {
                parts.append(
                    try OpenCLDevice(
                        part, platform: platform, index: device.index, part: (parts.count + 1, units.count),
                        monitor: monitor))
                unclaimed.removeFirst()
            }
        } catch {
            for part in unclaimed { clReleaseDevice(part) }
            throw error
        }
        return parts
    }
}

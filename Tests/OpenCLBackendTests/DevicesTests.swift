import Compute
import Foundation
import Testing

@testable import OpenCLBackend

@Suite(.needsOpenCL)
struct DevicesTests {
    @Test func facts() throws {
        let found = try OpenCLDevices.all(firstIndex: 3)
        #expect(found.map(\.device.index) == Array(3..<3 + found.count))
        for device in found.map(\.device) {
            #expect(device.backend == "opencl")
            #expect(!device.name.isEmpty && !device.driver.isEmpty)
            #expect(device.computeUnits > 0)
            #expect(device.maximumAllocation > 0 && device.maximumAllocation <= device.memory)
        }
    }

    /// Two parts of a processor, or the whole device twice where it cannot be split.
    private static func twoBackends() throws -> [OpenCLBackend] {
        let whole = try Machine.device()
        let units = max(whole.device.computeUnits / 2, 1)
        let devices = try OpenCLDevices.all(unitsPerCPU: units)
        if whole.device.kind == .cpu && whole.device.computeUnits >= 2 {
            #expect(devices.count >= 2)
            #expect(devices[0].device.computeUnits == units)
            #expect(devices[0].device.name == "\(whole.device.name), part 1 of \(whole.device.computeUnits / units)")
        }
        let first = devices[0]
        let second = devices.count > 1 ? devices[1] : first
        return [try OpenCLBackend(first, cache: nil), try OpenCLBackend(second, cache: nil)]
    }

    @Test func twoDevicesAtTheSameTime() async throws {
        let backends = try Self.twoBackends()
        let results = try await withThrowingTaskGroup(of: (Int, [Float]).self) { group in
            for (number, backend) in backends.enumerated() {
                group.addTask {
                    let count = 1009
                    let point = try backend.send([Float](repeating: 0, count: count))
                    let origin = try backend.send([Float](repeating: 0, count: count))
                    let gradient = try backend.send([Float](repeating: number == 0 ? 1 : -1, count: count))
                    for _ in 0..<50 {
                        try backend.run(
                            .signStep(
                                point: point, origin: origin, gradient: gradient, stepSize: 0.0625, eps: 2, box: nil))
                    }
                    return (number, try backend.receive(point))
                }
            }
            var results = [[Float]](repeating: [], count: backends.count)
            for try await (number, result) in group { results[number] = result }
            return results
        }
        #expect(results == [[Float](repeating: 2, count: 1009), [Float](repeating: -2, count: 1009)])
    }

    @Test func productOnAPart() throws {
        for backend in try Self.twoBackends() {
            let a = try backend.send([1, 2, 3, 4] as [Float])
            let c = try backend.allocate(4, .float32)
            try backend.multiply(MatrixProduct(a: a, b: a, c: c, m: 2, n: 2, k: 2))
            #expect(try backend.receive(c) == [7, 10, 15, 22] as [Float])
        }
    }
}

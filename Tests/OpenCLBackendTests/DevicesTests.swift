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
        let isSplit = whole.maximumParts > 1 && whole.device.computeUnits > 1
        let devices = isSplit ? try whole.parts(units: [1, 1]) : [whole, whole]
        return try devices.map { try OpenCLBackend($0, cache: nil) }
    }

    @Test func partsOfADevice() throws {
        let whole = try Machine.device()
        guard whole.maximumParts > 1, whole.device.computeUnits > 1 else { return }
        let parts = try whole.parts(units: [1, whole.device.computeUnits - 1]).map(\.device)
        #expect(parts.map(\.computeUnits) == [1, whole.device.computeUnits - 1])
        #expect(parts.map(\.name) == (1...2).map { "\(whole.device.name), part \($0) of 2" })
        #expect(parts.allSatisfy { $0.index == whole.device.index })
        let one = try whole.parts(units: [1])
        #expect(one.map(\.device.computeUnits) == [1])
    }

    @Test func moreUnitsThanThereAre() throws {
        let whole = try Machine.device()
        guard whole.maximumParts > 1 else { return }
        let units = whole.device.computeUnits
        let error = try #require(throws: ComputeError.self) { try whole.parts(units: [units, 1]) }
        #expect(error.kind == .deviceUnavailable)
        #expect(
            error.description
                == "splitting it into parts of \(units) + 1 compute units on '\(whole.device.name)': it has \(units) "
                + "compute units and makes at most \(whole.maximumParts) parts; lower compute.devices")
    }

    /// A part that fails leaves nothing behind.
    @Test func failingSplits() throws {
        let monitor = CallMonitor(device: "device")
        let whole = try #require(try OpenCLDevices.all(monitor: monitor).first)
        guard whole.maximumParts > 1, whole.device.computeUnits > 1 else { return }
        var n = 0
        var isDone = false
        while !isDone {
            n += 1
            monitor.failCall(n, with: .outOfHostMemory)
            do {
                _ = try whole.parts(units: [1, 1])
                isDone = monitor.stopFailing() == nil
                #expect(isDone, "call \(n) was refused and nobody noticed")
            } catch {
                #expect(error.kind == .outOfMemory && monitor.stopFailing() != nil)
            }
            #expect(monitor.liveObjects == 0, "call \(n)")
        }
        #expect(n > 10)
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

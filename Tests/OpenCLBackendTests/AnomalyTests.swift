import Compute
import Foundation
import Testing

@testable import OpenCLBackend

/// The n-th call fails, for n = 1, 2, …: a typed error, nothing leaked, and the next use works.
@Suite(.needsOpenCL)
struct AnomalyTests {
    /// One of everything that a backend does.
    private static func use(_ backend: OpenCLBackend) throws -> [Float] {
        let point = try backend.send([0.5, 0.5, 0.5] as [Float])
        let origin = try backend.allocate(3, .float32)
        try backend.copy(point, to: origin)
        try backend.run(
            .signStep(
                point: point, origin: origin, gradient: backend.send([1, -1, 0] as [Float]), stepSize: 0.25, eps: 1,
                box: nil))
        let product = try backend.allocate(9, .float32)
        try backend.multiply(
            MatrixProduct(a: point, b: point, c: product, m: 3, n: 3, k: 1, transposeB: true))
        _ = try backend.takeProfile()
        return try backend.receive(product)
    }

    private static let expected: [Float] = [
        0.5625, 0.1875, 0.375, 0.1875, 0.0625, 0.125, 0.375, 0.125, 0.25,
    ]

    @Test(arguments: [CLStatus.outOfResources, CLStatus(rawValue: -9999)])
    func everyCallOfAFreshBackend(status: CLStatus) throws {
        let device = try Machine.device()
        var isDone = false
        var n = 0
        while !isDone {
            n += 1
            let monitor = CallMonitor(device: device.device.name)
            monitor.failCall(n, with: status)
            do {
                let backend = try OpenCLBackend(device, profiling: true, cache: nil, monitor: monitor)
                #expect(try Self.use(backend) == Self.expected)
                isDone = monitor.stopFailing() == nil
                #expect(isDone, "call \(n) was refused and nobody noticed")
            } catch let error as ComputeError {
                let call = try #require(monitor.stopFailing())
                #expect(error.kind == status.kind)
                #expect(error.operation.hasPrefix("\(call): \(status) "))
                #expect(error.device == device.device.name)
            }
            #expect(monitor.liveObjects == 0, "call \(n)")
            #expect(monitor.liveBytes == 0, "call \(n)")
        }
        #expect(n > 30)
    }

    @Test func theNextUseWorks() throws {
        let monitor = CallMonitor(device: "device")
        let backend = try OpenCLBackend(Machine.device(), profiling: true, cache: nil, monitor: monitor)
        #expect(try Self.use(backend) == Self.expected)
        let objects = monitor.liveObjects
        var isDone = false
        var n = 0
        while !isDone {
            n += 1
            monitor.failCall(n, with: .memoryAllocationFailure)
            do {
                _ = try Self.use(backend)
                isDone = monitor.stopFailing() == nil
            } catch let error as ComputeError {
                #expect(error.kind == .outOfMemory)
                #expect(monitor.stopFailing() != nil)
            }
            #expect(try Self.use(backend) == Self.expected)
            #expect(monitor.liveObjects == objects, "call \(n)")
        }
    }

    /// Trouble with stored programs is no trouble: they are built again.
    @Test func everyCallWithACache() throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "ntk-cache-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: folder) }
        let device = try Machine.device()
        var survived: Set<String> = []
        var isDone = false
        var n = 0
        while !isDone {
            n += 1
            let monitor = CallMonitor(device: device.device.name)
            monitor.failCall(n, with: .buildProgramFailure)
            do {
                let backend = try OpenCLBackend(device, cache: ProgramCache(folder: folder), monitor: monitor)
                #expect(try Self.use(backend) == Self.expected)
                let call = monitor.stopFailing()
                if let call { survived.insert(call) }
                isDone = call == nil
            } catch let error as ComputeError {
                #expect(error.kind == .buildFailed)
                #expect(monitor.stopFailing() != nil)
            }
            #expect(monitor.liveObjects == 0, "call \(n)")
        }
        #expect(survived.isSuperset(of: ["clCreateProgramWithBinary", "clBuildProgram"]))
        #expect(survived.isSubset(of: ["clCreateProgramWithBinary", "clBuildProgram", "clGetProgramInfo"]))
    }

    @Test func discovery() throws {
        let monitor = CallMonitor(device: "OpenCL")
        var isDone = false
        var n = 0
        while !isDone {
            n += 1
            monitor.failCall(n, with: .outOfHostMemory)
            do {
                _ = try OpenCLDevices.all(monitor: monitor)
            } catch {
                #expect(error.kind == .outOfMemory)
            }
            isDone = monitor.stopFailing() == nil
            #expect(monitor.liveObjects == 0, "call \(n)")
        }
    }
}

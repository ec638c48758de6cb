import Compute
import Testing

@testable import OpenCLBackend

@Suite(.needsOpenCL)
struct MemoryTests {
    @Test(arguments: [1, 63, 64, 65, 1009])
    func roundTrip(count: Int) throws {
        let backend = try Machine.backend()
        let numbers = (0..<count).map { Float($0) - 0.25 }
        let buffer = try backend.send(numbers)
        #expect(try backend.receive(buffer) == numbers)
        let target = try backend.allocate(count + 3, .float32)
        try backend.copy(buffer, to: target)
        #expect(try backend.receive(target, as: Float.self).prefix(count) == numbers[...])
    }

    @Test func partsOfABuffer() throws {
        let backend = try Machine.backend()
        let buffer = try backend.send([Float](repeating: 1, count: 10))
        try [Float(2), 3].withUnsafeBytes { bytes in try backend.write(bytes, to: buffer, offset: 7) }
        #expect(try backend.receive(buffer) == [1, 1, 1, 1, 1, 1, 1, 2, 3, 1] as [Float])
        var part = [Float](repeating: 0, count: 3)
        try part.withUnsafeMutableBytes { bytes in try backend.read(buffer, offset: 6, into: bytes) }
        #expect(part == [1, 2, 3])
    }

    @Test func nothing() throws {
        let backend = try Machine.backend()
        let buffer = try backend.send([Float]())
        #expect(try backend.receive(buffer, as: Float.self) == [])
    }

    @Test func memoryIsGivenBack() throws {
        let backend = try Machine.backend()
        let objects = backend.monitor.liveObjects
        do {
            let buffer = try backend.send([Float](repeating: 0, count: 1000))
            #expect(backend.monitor.liveBytes == 4000)
            withExtendedLifetime(buffer) {}
        }
        #expect(backend.monitor.liveBytes == 0)
        #expect(backend.monitor.liveObjects == objects)
    }

    @Test func largestBuffer() throws {
        let backend = try Machine.backend()
        let name = backend.device.name
        let limit = backend.device.maximumAllocation
        let error = #expect(throws: ComputeError.self) { try backend.allocate(limit / 4 + 1, .float32) }
        #expect(error?.kind == .outOfMemory)
        #expect(
            error?.description
                == "allocating \((limit / 4 * 4 + 4).byteSize) on '\(name)': a single buffer holds at most "
                + "\(limit.byteSize); lower compute.tile")
    }

    @Test func sizesInWords() {
        #expect(1023.byteSize == "1023 B")
        #expect(1025.byteSize == "2 KiB")
        #expect((3 << 20).byteSize == "3 MiB")
        #expect((10 << 30).byteSize == "10 GiB")
    }

    @Test func profile() throws {
        let backend = try Machine.backend(profiling: true)
        let point = try backend.send([Float](repeating: 0, count: 100))
        try backend.run(
            .signStep(point: point, origin: point, gradient: point, stepSize: 1, eps: 1, box: nil))
        let records = try backend.takeProfile()
        #expect(records.map(\.name) == ["write", "Attack/sign_step"])
        for record in records {
            #expect(record.queued <= record.submitted)
            #expect(record.submitted <= record.started)
            #expect(record.started <= record.ended)
        }
        #expect(try backend.takeProfile() == [])
    }
}

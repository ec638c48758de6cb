import CPUBackend
import Compute
import TestSupport
import Testing

@Suite struct MemoryTests {
    private let backend = CPUBackend()

    @Test func whatIsWrittenIsRead() throws {
        var generator = SeededGenerator(seed: 1)
        for count in [0, 1, 15, 64, 1009] {
            let numbers = generator.numbers(count)
            #expect(try backend.download(backend.upload(numbers, as: .float64)) == numbers)
            let rounded = numbers.map { Double(Float($0)) }
            #expect(try backend.download(backend.upload(numbers, as: .float32)) == rounded)
            #expect(try backend.download(backend.upload(numbers.map(Float.init), as: .float64)) == rounded)
        }
    }

    @Test func freshMemoryIsZero() throws {
        #expect(try backend.download(backend.allocate(333, .float32)).allSatisfy { $0 == 0 })
    }

    @Test func offsetsCountNumbers() throws {
        let buffer = try backend.upload((0..<10).map(Double.init), as: .float64)
        try [100.0, 101].withUnsafeBytes { try backend.write($0, to: buffer, offset: 4) }
        #expect(try backend.download(buffer) == [0, 1, 2, 3, 100, 101, 6, 7, 8, 9])
        var part = [0.0, 0, 0]
        try part.withUnsafeMutableBytes { try backend.read(buffer, offset: 3, into: $0) }
        #expect(part == [3, 100, 101])
    }

    @Test func copiesAreApart() throws {
        let source = try backend.upload([1.0, 2, 3], as: .float32)
        let target = try backend.allocate(3, .float32)
        try backend.copy(source, to: target)
        try backend.write([Float(9)], to: source)
        #expect(try backend.download(target) == [1, 2, 3])
        #expect(try backend.download(source) == [9, 2, 3])
    }

    @Test func theDeviceDescribesItself() {
        #expect(backend.device.backend == "cpu" && backend.device.kind == .cpu)
        #expect(backend.device.supportsFloat64 && backend.device.computeUnits > 0)
        #expect(!backend.device.name.isEmpty && backend.device.memory > 1 << 20)
        #expect(CPUBackend(threads: 1).device.computeUnits == 1)
        #expect(backend.accumulatePrecision == .float64)
    }
}

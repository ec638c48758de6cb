import Compute
import TestSupport
import Testing

@testable import OpenCLBackend

/// The OpenCL devices that tests may use.
enum Machine {
    static func device() throws -> OpenCLDevice {
        try #require(try OpenCLDevices.all().first, "no OpenCL device, although REQUIRE_OPENCL=1 asks for one")
    }

    /// A backend without a program cache of its own.
    static func backend(profiling: Bool = false, cache: ProgramCache? = nil) throws -> OpenCLBackend {
        try OpenCLBackend(device(), profiling: profiling, cache: cache)
    }

    static func precisions(of backend: OpenCLBackend) -> [Precision] {
        backend.device.supportsFloat64 ? [.float32, .float64] : [.float32]
    }
}

extension Trait where Self == ConditionTrait {
    static var needsOpenCL: Self { .enabled("no OpenCL device") { TestBackends.isOpenCLTestable } }
}

/// Whole arrays to and from the device.
extension OpenCLBackend {
    func send<T: Real>(_ elements: [T]) throws -> Buffer {
        let buffer = try allocate(elements.count, T.precision)
        try elements.withUnsafeBytes { bytes in try write(bytes, to: buffer, offset: 0) }
        return buffer
    }

    func receive<T: Real>(_ buffer: Buffer, as type: T.Type = T.self) throws -> [T] {
        var elements = [T](repeating: 0, count: buffer.count)
        try elements.withUnsafeMutableBytes { bytes in try read(buffer, offset: 0, into: bytes) }
        return elements
    }
}

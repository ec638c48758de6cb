import CPUBackend
import Compute
import Foundation
import OpenCLBackend

/// A backend that tests of the layers above run on.
package struct TestBackend: Sendable, CustomStringConvertible {
    package let description: String
    private let factory: @Sendable () throws -> any Backend

    package init(_ description: String, _ factory: @escaping @Sendable () throws -> any Backend) {
        self.description = description
        self.factory = factory
    }

    /// A backend object of its own: calls of one object are made from one thread at a time.
    package func make() throws -> any Backend { try factory() }
}

package enum TestBackends {
    /// The backends that every golden and edge test runs on: one line each.
    package static let all = processor + (isOpenCLTestable ? [TestBackend("opencl", openCL)] : [])

    /// What tests of many random nets run on, each of which OpenCL would compile anew: its own tests compare it with this
    /// one.
    package static let processor = [TestBackend("cpu") { CPUBackend() }]

    /// Whether tests run on OpenCL: where a device is there, and where `REQUIRE_OPENCL=1` turns its absence into a failure.
    package static let isOpenCLTestable =
        ProcessInfo.processInfo.environment["REQUIRE_OPENCL"] == "1" || (try? OpenCLDevices.all())?.isEmpty == false

    /// Programs that tests share, so that each is compiled once; a changed text has another key.
    private static let programs = ProgramCache(
        folder: FileManager.default.temporaryDirectory.appending(path: "ntk-test-programs"))

    @Sendable package static func openCL() throws -> any Backend {
        guard let device = try OpenCLDevices.all().first else { throw NoOpenCLDevice() }
        return try OpenCLBackend(device, cache: programs)
    }
}

struct NoOpenCLDevice: Error, CustomStringConvertible {
    let description = "no OpenCL device, although REQUIRE_OPENCL=1 asks for one"
}

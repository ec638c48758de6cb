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

/// The backends that every golden, edge and identity test runs on: one line each.
package enum TestBackends {
    package static let all: [TestBackend] = [TestBackend("cpu") { CPUBackend() }] + opencl

    /// The first device, where there is one; `REQUIRE_OPENCL=1` turns its absence into a failure.
    private static var opencl: [TestBackend] {
        let isRequired = ProcessInfo.processInfo.environment["REQUIRE_OPENCL"] == "1"
        guard isRequired || (try? OpenCLDevices.all())?.isEmpty == false else { return [] }
        return [
            TestBackend("opencl") {
                guard let device = try OpenCLDevices.all().first else {
                    throw ComputeError(
                        .deviceUnavailable, operation: "looking for an OpenCL device", device: "this machine",
                        detail: "REQUIRE_OPENCL=1 asks for one")
                }
                return try OpenCLBackend(device)
            }
        ]
    }
}

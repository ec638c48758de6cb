import CPUBackend
import Compute
import Foundation
import OpenCLBackend

/// The backends that tests of finite nets run on; `REQUIRE_OPENCL=1` turns the absence of OpenCL into a failure.
enum NetworkBackend: String, CaseIterable, CustomStringConvertible {
    case cpu
    case opencl

    static var available: [NetworkBackend] {
        let isRequired = ProcessInfo.processInfo.environment["REQUIRE_OPENCL"] == "1"
        let isPresent = (try? OpenCLDevices.all())?.isEmpty == false
        return isRequired || isPresent ? allCases : [.cpu]
    }

    var description: String { rawValue }

    func make() throws -> any Backend {
        switch self {
        case .cpu: return CPUBackend()
        case .opencl:
            guard let device = try OpenCLDevices.all().first else { throw Missing() }
            return try OpenCLBackend(device)
        }
    }

    private struct Missing: Error, CustomStringConvertible {
        let description = "no OpenCL device, although REQUIRE_OPENCL=1 asks for one"
    }
}

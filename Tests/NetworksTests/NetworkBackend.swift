import CPUBackend
import Compute
import TestSupport

/// The backends that tests of finite nets run on.
enum NetworkBackend: String, CaseIterable, CustomStringConvertible {
    case cpu
    case opencl

    static var available: [NetworkBackend] { TestBackends.isOpenCLTestable ? allCases : [.cpu] }

    var description: String { rawValue }

    func make() throws -> any Backend {
        switch self {
        case .cpu: CPUBackend()
        case .opencl: try TestBackends.openCL()
        }
    }
}

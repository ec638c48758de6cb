@testable import OpenCLBackend

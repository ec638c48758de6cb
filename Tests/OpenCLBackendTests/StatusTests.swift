import Compute
import Testing

@testable import OpenCLBackend

struct StatusTests {
    @Test func names() {
        #expect(CLStatus(rawValue: -5).description == "CL_OUT_OF_RESOURCES")
        #expect(CLStatus(rawValue: -2044).description == "CLBlastNoDoublePrecision")
        #expect(CLStatus(rawValue: -9999).description == "status -9999")
    }

    @Test func sentences() {
        let monitor = CallMonitor(device: "PoCL cpu")
        func sentence(_ call: StaticString, _ status: CLStatus, _ doing: String) -> String {
            monitor.error(call, status, doing).description
        }
        #expect(
            sentence("clEnqueueNDRangeKernel", .outOfResources, "running Attack/sign_step")
                == "clEnqueueNDRangeKernel: CL_OUT_OF_RESOURCES running Attack/sign_step on 'PoCL cpu'; "
                + "lower compute.tile")
        #expect(
            sentence("CLBlastSgemm", CLStatus(rawValue: -1011), "multiplying 2 × 3 × 4")
                == "CLBlastSgemm: CLBlastInsufficientMemoryA multiplying 2 × 3 × 4 on 'PoCL cpu'")
        #expect(
            sentence("clGetDeviceIDs", CLStatus(rawValue: -33), "looking for devices")
                == "clGetDeviceIDs: CL_INVALID_DEVICE looking for devices on 'PoCL cpu'; "
                + "see `ntk devices` for what is there")
    }

    @Test func kinds() {
        #expect(CLStatus.outOfResources.kind == .outOfMemory)
        #expect(CLStatus.buildProgramFailure.kind == .buildFailed)
        #expect(CLStatus.deviceNotFound.kind == .deviceUnavailable)
        #expect(CLStatus(rawValue: -9999).kind == .operationFailed)
    }
}

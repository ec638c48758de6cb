import COpenCL
import Compute
import Synchronization

/// Through which every OpenCL call of one context goes: turns statuses into errors and counts what is alive.
///
/// Tests ask it to refuse the n-th call, and afterwards whether anything leaked.
package final class CallMonitor: Sendable {
    private struct State {
        var calls = 0
        var failure: (call: Int, status: CLStatus)?
        var failed: String?
        var objects = 0
        var bytes = 0
    }

    /// Name of the device, for messages.
    package let device: String
    private let state = Mutex(State())

    package init(device: String) { self.device = device }

    // MARK: Calls

    /// Makes a call that returns its status.
    /// - Parameters:
    ///   - call: name of the function.
    ///   - doing: what it is called for, e.g. `running Attack/sign_step`.
    func check(
        _ call: StaticString, _ doing: @autoclosure () -> String, _ body: () -> cl_int
    ) throws(ComputeError) {
        let status = refusal(of: call) ?? CLStatus(rawValue: body())
        if status != .success { throw error(call, status, doing()) }
    }

    /// Makes a call that returns a handle and writes its status.
    func create<Handle>(
        _ call: StaticString, _ doing: @autoclosure () -> String, _ body: (inout cl_int) -> Handle?
    ) throws(ComputeError) -> Handle {
        if let status = refusal(of: call) { throw error(call, status, doing()) }
        var code: cl_int = 0
        let handle = body(&code)
        guard code == CL_SUCCESS, let handle else {
            throw error(call, code == CL_SUCCESS ? .outOfHostMemory : CLStatus(rawValue: code), doing())
        }
        return handle
    }

    /// The error that `status` means.
    func error(_ call: StaticString, _ status: CLStatus, _ doing: String, detail: String = "") -> ComputeError {
        ComputeError(
            status.kind, operation: "\(call): \(status) \(doing)", device: device, detail: detail,
            advice: status.advice)
    }

    // MARK: Injected failures

    /// Lets the n-th call from now on (1 is the next one) fail with `status` without being made.
    package func failCall(_ n: Int, with status: CLStatus) {
        state.withLock { state in
            state.failure = (state.calls + n, status)
            state.failed = nil
        }
    }

    /// Name of the call that was refused since the last `failCall`; nil where it was not reached.
    /// No further call is refused.
    package func stopFailing() -> String? {
        state.withLock { state in
            state.failure = nil
            return state.failed
        }
    }

    private func refusal(of call: StaticString) -> CLStatus? {
        state.withLock { state in
            state.calls += 1
            guard let failure = state.failure, failure.call == state.calls else { return nil }
            state.failed = "\(call)"
            return failure.status
        }
    }

    // MARK: Living objects

    /// OpenCL objects that were created and not yet released.
    package var liveObjects: Int { state.withLock { $0.objects } }
    /// Bytes of device memory in use.
    package var liveBytes: Int { state.withLock { $0.bytes } }

    func created(bytes: Int = 0) {
        state.withLock { state in
            state.objects += 1
            state.bytes += bytes
        }
    }

    func released(bytes: Int = 0) {
        state.withLock { state in
            state.objects -= 1
            state.bytes -= bytes
        }
    }
}

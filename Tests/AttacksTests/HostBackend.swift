import Compute
import Synchronization

/// A backend of plain arrays that knows memory and `Attack/sign_step`; the n-th call fails on request.
final class HostBackend: Backend {
    let device = Device(
        backend: "host", index: 0, name: "arrays", driver: "1", kind: .cpu, computeUnits: 1, memory: 1 << 30,
        maximumAllocation: 1 << 30, localMemory: 0, supportsFloat64: true, tile: 64)
    let accumulatePrecision = Precision.float64
    /// Calls made so far, and the number of the call that fails.
    let calls = Mutex((made: 0, failing: Int.max))

    init(failingCall: Int = .max) { calls.withLock { $0.failing = failingCall } }

    private final class Memory: @unchecked Sendable {
        let bytes: UnsafeMutableRawBufferPointer

        init(_ count: Int) { bytes = .allocate(byteCount: max(count, 1), alignment: 16) }
        deinit { bytes.deallocate() }
    }

    private func count(_ call: String) throws(ComputeError) {
        let fails = calls.withLock { calls in
            calls.made += 1
            return calls.made == calls.failing
        }
        if fails { throw ComputeError(.operationFailed, operation: call, device: device.name) }
    }

    private func bytes(_ buffer: Buffer) -> UnsafeMutableRawBufferPointer {
        guard let memory = buffer.storage as? Memory else { preconditionFailure("a buffer of another backend") }
        return memory.bytes
    }

    func allocate(_ count: Int, _ precision: Precision) throws(ComputeError) -> Buffer {
        try self.count("allocate")
        return Buffer(count: count, precision: precision, storage: Memory(count * precision.byteCount))
    }

    func write(_ source: UnsafeRawBufferPointer, to buffer: Buffer, offset: Int) throws(ComputeError) {
        try count("write")
        UnsafeMutableRawBufferPointer(rebasing: bytes(buffer)[(offset * buffer.precision.byteCount)...])
            .copyMemory(from: source)
    }

    func read(_ buffer: Buffer, offset: Int, into target: UnsafeMutableRawBufferPointer) throws(ComputeError) {
        try count("read")
        let start = offset * buffer.precision.byteCount
        target.copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes(buffer)[start..<start + target.count]))
    }

    func copy(_ source: Buffer, to target: Buffer) throws(ComputeError) {
        try count("copy")
        bytes(target).copyMemory(from: UnsafeRawBufferPointer(bytes(source)))
    }

    func run(_ operation: Operation) throws(ComputeError) {
        try count("run")
        precondition(operation.kernel == "Attack/sign_step", "\(operation.kernel) is not known here")
        switch operation.precision {
        case .float32: signStep(operation, Float.self)
        case .float64: signStep(operation, Double.self)
        }
    }

    private func signStep<T: Real>(_ operation: Operation, _ type: T.Type) {
        let buffers = operation.arguments.compactMap { argument in
            if case .buffer(let buffer) = argument { bytes(buffer).bindMemory(to: T.self) } else { nil }
        }
        let reals = operation.arguments.compactMap { argument in
            if case .real(let value) = argument { T(value) } else { nil }
        }
        let (alpha, eps, lower, upper) = (reals[0], reals[1], reals[2], reals[3])
        for i in 0..<operation.range {
            let (x0, g) = (buffers[1][i], buffers[2][i])
            var x = buffers[0][i] + alpha * (g > 0 ? 1 : g < 0 ? -1 : 0)
            x = min(max(x, x0 - eps), x0 + eps)
            // The sum x₀ ± ε is rounded: step back until the difference is ε at most.
            while x - x0 > eps { x = x.nextDown }
            while x0 - x > eps { x = x.nextUp }
            buffers[0][i] = min(max(x, lower), upper)
        }
    }

    func multiply(_ product: MatrixProduct) throws(ComputeError) { preconditionFailure("no products here") }

    func prepare(
        _ program: CovarianceProgram, inputs: Buffer, count: Int
    ) throws(ComputeError) -> CovarianceInputs { preconditionFailure("no covariances here") }

    func gram(_ tile: GramTile) throws(ComputeError) { preconditionFailure("no covariances here") }

    func linearize(
        _ kind: CovarianceKind, rows: CovarianceInputs, columns: CovarianceInputs
    ) throws(ComputeError) -> Linearization { preconditionFailure("no covariances here") }

    func predict(
        _ linearization: Linearization, weights: Buffer, outputs: Int
    ) throws(ComputeError) -> Buffer { preconditionFailure("no covariances here") }

    func pullback(
        _ linearization: Linearization, cotangents: Buffer, count: Int, weights: Buffer, outputs: Int
    ) throws(ComputeError) -> Buffer { preconditionFailure("no covariances here") }

    func bytesPerPair(_ program: CovarianceProgram, _ precision: Precision) -> Int { 0 }
}

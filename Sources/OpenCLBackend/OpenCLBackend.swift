import Compute
import Foundation
import Synchronization

/// One OpenCL device that computes.
///
/// Commands are enqueued in order and run asynchronously; `read` waits. Programs are built on first use and kept.
package final class OpenCLBackend: ProfilingBackend {
    private struct KernelKey: Hashable {
        let entryPoint: String
        let source: ProgramSource
    }

    private struct Built {
        var programs: [ProgramSource: Program] = [:]
        var kernels: [KernelKey: PreparedKernel] = [:]
    }

    package let device: Device
    /// What all calls of this backend go through.
    package let monitor: CallMonitor
    let context: Context
    let queue: Queue
    /// How covariance kernels are cut.
    let form: CovarianceForm
    /// Bytes of a single buffer.
    let maximumAllocation: Int
    let scratch = ScratchMemory()
    private let cache: ProgramCache?
    private let built = Mutex(Built())

    /// - Parameters:
    ///   - profiling: keeps a record of every command for ``takeProfile()``.
    ///   - form: how covariance kernels are cut; nil for what suits the device.
    ///   - maximumAllocation: bytes of a single buffer, where it is to be less than the device allows.
    ///   - cache: where compiled programs are kept; nil builds them every time.
    ///   - monitor: what all calls go through; by default one of its own.
    package init(
        _ device: OpenCLDevice, profiling: Bool = false, form: CovarianceForm? = nil, maximumAllocation: Int = .max,
        cache: ProgramCache? = ProgramCache(environment: ProcessInfo.processInfo.environment),
        monitor: CallMonitor? = nil
    ) throws(ComputeError) {
        self.device = device.device
        self.cache = cache
        self.form = form ?? CovarianceForm(for: device.device)
        self.maximumAllocation = min(maximumAllocation, device.device.maximumAllocation)
        let monitor = monitor ?? CallMonitor(device: device.device.name)
        self.monitor = monitor
        context = try Context(device, monitor: monitor)
        queue = try Queue(in: context, profiling: profiling)
        try CLBlastTuning.apply(to: device, monitor)
    }

    package var accumulatePrecision: Precision { device.supportsFloat64 ? .float64 : .float32 }

    /// Waits, and returns what ran since the last call, in order; empty without profiling.
    package func takeProfile() throws(ComputeError) -> [CommandRecord] { try queue.takeProfile() }

    /// Waits until the device has nothing to do.
    package func finish() throws(ComputeError) { try queue.finish() }

    /// The entry point of a program, built on first use.
    func kernel(_ entryPoint: String, of source: ProgramSource) throws(ComputeError) -> PreparedKernel {
        let key = KernelKey(entryPoint: entryPoint, source: source)
        if let kernel = built.withLock({ $0.kernels[key] }) { return kernel }
        try requireSupport(of: source.precision, "running \(source.name)")
        let program: Program
        if let known = built.withLock({ $0.programs[source] }) {
            program = known
        } else {
            let made = try Program.make(source, in: context, cache: cache)
            built.withLock { $0.programs[source] = made }
            program = made
        }
        let kernel = try PreparedKernel(entryPoint, of: program)
        built.withLock { $0.kernels[key] = kernel }
        return kernel
    }

    /// Enqueues a kernel.
    /// - Parameters:
    ///   - global: work-items per axis; rounded up to whole groups, so kernels check their bounds.
    ///   - local: work-items of a group per axis.
    /// - Throws: ``ComputeError``, also where the number of arguments is not the kernel's.
    func launch(
        _ kernel: PreparedKernel, _ arguments: [KernelArgument], global: [Int], local: [Int]
    ) throws(ComputeError) {
        precondition(global.count == local.count, "\(global) work-items in groups of \(local)")
        guard arguments.count == kernel.argumentCount else {
            throw ComputeError(
                .operationFailed, operation: "running \(kernel.name)", device: device.name,
                detail: "it takes \(kernel.argumentCount) arguments and was given \(arguments.count)")
        }
        let rounded = zip(global, local).map { ($0 + $1 - 1) / $1 * $1 }
        if rounded.contains(0) { return }
        try kernel.launch(arguments, global: rounded, local: local, on: queue)
    }

    func requireSupport(of precision: Precision, _ doing: String) throws(ComputeError) {
        if precision == .float64 && !device.supportsFloat64 {
            throw ComputeError(
                .deviceUnavailable, operation: doing, device: device.name, detail: "the device has no float64",
                advice: "set compute.precision to float32")
        }
    }
}

import COpenCL
import Compute
import Synchronization

/// What is bound to one parameter of a kernel.
enum KernelArgument {
    case buffer(Buffer)
    case memory(Memory)
    /// `scalar`: rounded to the program's precision.
    case real(Double)
    case float(Float)
    case double(Double)
    /// `int`
    case int(Int32)
    /// `ulong`
    case size(Int)
    /// `__local`, that many bytes.
    case local(Int)
}

/// An OpenCL kernel. Not copyable and not shared, because setting its arguments is the one call that is not
/// thread-safe.
struct Kernel: ~Copyable {
    private let raw: cl_kernel
    private let program: Program
    private let name: String

    init(_ entryPoint: String, of program: Program) throws(ComputeError) {
        raw = try program.context.monitor.create(
            "clCreateKernel", "looking for \(entryPoint) in \(program.source.name)"
        ) {
            clCreateKernel(program.raw, entryPoint, &$0)
        }
        self.program = program
        name = program.source.name
        program.context.monitor.created()
    }

    deinit {
        clReleaseKernel(raw)
        program.context.monitor.released()
    }

    /// Parameters that the compiled kernel has.
    func argumentCount() throws(ComputeError) -> Int {
        Int(
            try program.context.monitor.value("clGetKernelInfo", "preparing \(name)", cl_uint(0)) {
                clGetKernelInfo(raw, cl_kernel_info(CL_KERNEL_NUM_ARGS), $0, $1, $2)
            })
    }

    /// Work-items that a group of this kernel can have on its device.
    func maximumGroup() throws(ComputeError) -> Int {
        try program.context.monitor.value("clGetKernelWorkGroupInfo", "preparing \(name)", 0) {
            clGetKernelWorkGroupInfo(
                raw, program.context.device.raw, cl_kernel_work_group_info(CL_KERNEL_WORK_GROUP_SIZE), $0, $1, $2)
        }
    }

    /// Binds the arguments and enqueues.
    /// - Parameters:
    ///   - global: work-items per axis, a multiple of `local`.
    ///   - local: work-items of a group per axis.
    mutating func launch(
        _ arguments: [KernelArgument], global: [Int], local: [Int], on queue: Queue
    ) throws(ComputeError) {
        for (index, argument) in arguments.enumerated() { try bind(argument, at: cl_uint(index)) }
        let raw = raw
        try queue.enqueue("clEnqueueNDRangeKernel", name, "running \(name)") { queue, event in
            clEnqueueNDRangeKernel(queue, raw, cl_uint(global.count), nil, global, local, 0, nil, event)
        }
    }

    private func bind(_ argument: KernelArgument, at index: cl_uint) throws(ComputeError) {
        switch argument {
        case .buffer(let buffer): try bind(Optional(program.context.memory(of: buffer).raw), at: index)
        case .memory(let memory): try bind(Optional(memory.raw), at: index)
        case .real(let value):
            switch program.source.precision {
            case .float32: try bind(Float(value), at: index)
            case .float64: try bind(value, at: index)
            }
        case .float(let value): try bind(value, at: index)
        case .double(let value): try bind(value, at: index)
        case .int(let value): try bind(value, at: index)
        case .size(let value): try bind(cl_ulong(value), at: index)
        case .local(let bytes):
            try program.context.monitor.check("clSetKernelArg", "preparing argument \(index) of \(name)") {
                clSetKernelArg(raw, index, bytes, nil)
            }
        }
    }

    private func bind<T: BitwiseCopyable>(_ value: T, at index: cl_uint) throws(ComputeError) {
        try program.context.monitor.check("clSetKernelArg", "preparing argument \(index) of \(name)") {
            withUnsafeBytes(of: value) { clSetKernelArg(raw, index, $0.count, $0.baseAddress) }
        }
    }
}

/// A kernel that is kept for the next launch, and what is known of it.
final class PreparedKernel: Sendable {
    let name: String
    let argumentCount: Int
    let maximumGroup: Int
    private let kernel: Mutex<Kernel>

    init(_ entryPoint: String, of program: Program) throws(ComputeError) {
        let kernel = try Kernel(entryPoint, of: program)
        name = program.source.name
        argumentCount = try kernel.argumentCount()
        maximumGroup = try kernel.maximumGroup()
        self.kernel = Mutex(kernel)
    }

    /// See ``Kernel/launch(_:global:local:on:)``. Safe from several threads.
    func launch(
        _ arguments: [KernelArgument], global: [Int], local: [Int], on queue: Queue
    ) throws(ComputeError) {
        try kernel.withLock { kernel throws(ComputeError) in
            try kernel.launch(arguments, global: global, local: local, on: queue)
        }
    }
}

extension Context {
    /// - Precondition: the buffer was made in this context.
    func memory(of buffer: Buffer) -> Memory {
        guard let memory = buffer.storage as? Memory, memory.context === self else {
            preconditionFailure("a buffer of another device was given to '\(device.device.name)'")
        }
        return memory
    }
}

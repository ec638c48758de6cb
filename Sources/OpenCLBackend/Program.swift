import COpenCL
import Compute

/// A program that is built for one device.
final class Program: Sendable {
    nonisolated(unsafe) let raw: cl_program
    let source: ProgramSource
    let context: Context

    /// Takes it from the cache, or builds it and stores it there.
    /// - Throws: ``ComputeError`` of kind `buildFailed`, with the compiler's log.
    static func make(
        _ source: ProgramSource, in context: Context, cache: ProgramCache?
    ) throws(ComputeError) -> Program {
        let key = key(source, context)
        // A stored program that the driver refuses is as good as none.
        if let binary = cache?.load(key), let program = try? Program(source, binary: binary, in: context) {
            return program
        }
        let program = try Program(source, in: context)
        if let cache, let binary = program.binary { cache.store(binary, key) }
        return program
    }

    /// Everything that a compiled program depends on.
    static func key(_ source: ProgramSource, _ context: Context) -> String {
        let device = context.device
        return [source.text, source.buildOptions, device.platformName, device.device.name, device.device.driver]
            .joined(separator: "\0")
    }

    private init(_ source: ProgramSource, in context: Context) throws(ComputeError) {
        raw = try context.monitor.create("clCreateProgramWithSource", "building \(source.name)") { status in
            source.text.withCString { text in
                var text: UnsafePointer<CChar>? = text
                return clCreateProgramWithSource(context.raw, 1, &text, nil, &status)
            }
        }
        self.source = source
        self.context = context
        context.monitor.created()
        try build()
    }

    private init(_ source: ProgramSource, binary: [UInt8], in context: Context) throws(ComputeError) {
        raw = try context.monitor.create("clCreateProgramWithBinary", "loading \(source.name)") { status in
            binary.withUnsafeBufferPointer { binary in
                var device: cl_device_id? = context.device.raw
                var length = binary.count
                var start = binary.baseAddress
                return clCreateProgramWithBinary(context.raw, 1, &device, &length, &start, nil, &status)
            }
        }
        self.source = source
        self.context = context
        context.monitor.created()
        try build()
    }

    deinit {
        clReleaseProgram(raw)
        context.monitor.released()
    }

    private func build() throws(ComputeError) {
        let monitor = context.monitor
        do {
            try monitor.check("clBuildProgram", "building \(source.name)") {
                var device: cl_device_id? = context.device.raw
                return clBuildProgram(raw, 1, &device, source.buildOptions, nil, nil)
            }
        } catch {
            guard error.kind == .buildFailed else { throw error }
            let log =
                (try? monitor.text("clGetProgramBuildInfo", "building \(source.name)") {
                    clGetProgramBuildInfo(
                        raw, context.device.raw, cl_program_build_info(CL_PROGRAM_BUILD_LOG), $0, $1, $2)
                }) ?? ""
            throw ComputeError(
                .buildFailed, operation: error.operation, device: error.device, detail: String(log.prefix(4000)),
                advice: error.advice)
        }
    }

    /// What the driver can load again; nil where it does not hand it out.
    private var binary: [UInt8]? {
        let doing = "storing \(source.name)"
        let size = try? context.monitor.value("clGetProgramInfo", doing, 0) {
            clGetProgramInfo(raw, cl_program_info(CL_PROGRAM_BINARY_SIZES), $0, $1, $2)
        }
        guard let size, size > 0 else { return nil }
        var bytes = [UInt8](repeating: 0, count: size)
        let isRead: Void? = bytes.withUnsafeMutableBufferPointer { bytes in
            // The parameter is an array of one destination per device.
            var start = bytes.baseAddress
            return try? context.monitor.check("clGetProgramInfo", doing) {
                clGetProgramInfo(
                    raw, cl_program_info(CL_PROGRAM_BINARIES), MemoryLayout.size(ofValue: start), &start, nil)
            }
        }
        return isRead == nil ? nil : bytes
    }
}

import Compute

extension OpenCLBackend {
    /// Work-items of a group of an elementwise kernel: several of any device's vectors, and one compiled variant.
    private static let elementwiseGroup = 256

    package func run(_ operation: Operation) throws(ComputeError) {
        guard operation.range > 0 else { return }
        let source = ProgramSource(
            name: operation.kernel, precision: operation.precision,
            parts: (operation.foundations + [operation.kernel]).map { .file($0 + ".cl") })
        let kernel = try kernel(operation.entryPoint, of: source)
        let arguments = operation.arguments.map { argument -> KernelArgument in
            switch argument {
            case .buffer(let buffer): .buffer(buffer)
            case .real(let value): .real(value)
            case .size(let value): .size(value)
            }
        }
        try launch(
            kernel, arguments, global: [operation.range], local: [min(Self.elementwiseGroup, kernel.maximumGroup)])
    }
}

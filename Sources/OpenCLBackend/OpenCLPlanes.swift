import Compute

/// Images prepared for a net on planes, on one device; layouts in `Kernels/Covariance/planes.cl`.
final class OpenCLPlanes: Sendable {
    let program: PlanesProgram
    /// plan, segments, steps and parameters, as the kernels take them.
    private let plan: [Memory]
    private let parameters: Buffer
    /// [panels, size, lanes]
    let table: Memory
    let lanes: Int
    let count: Int

    init(
        _ program: PlanesProgram, plan: [Memory], parameters: Buffer, count: Int, lanes: Int, precision: Precision,
        in context: Context
    ) throws(ComputeError) {
        self.program = program
        self.plan = plan
        self.parameters = parameters
        self.lanes = lanes
        self.count = count
        table = try Memory(
            (count + lanes - 1) / lanes * lanes * program.size * precision.byteCount, in: context,
            advice: "use fewer inputs or a device with more memory")
    }

    var panels: Int { (count + lanes - 1) / lanes }

    /// What every kernel takes first.
    var planArguments: [KernelArgument] { plan.map { .memory($0) } + [.buffer(parameters)] }
}

extension Context {
    /// - Precondition: the inputs were prepared in this context.
    func planes(of inputs: CovarianceInputs) -> OpenCLPlanes {
        guard let planes = inputs.storage as? OpenCLPlanes, planes.table.context === self else {
            preconditionFailure("inputs of another device were given to '\(device.device.name)'")
        }
        return planes
    }
}

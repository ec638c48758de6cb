import Compute
import Synchronization

/// Tables of prepared inputs on one device; layouts in `Kernels/Covariance/scalar.cl`.
final class OpenCLInputs: Sendable {
    /// [stride / panel, d, panel]
    let centred: Memory
    /// [4, stride]
    let start: Memory
    /// [slots, stride]
    let slots: Memory
    /// Parameters of all steps, in the device's `acc`.
    let parameters: Buffer
    /// [d] in the device's `acc`: what inputs are split along.
    let direction: Buffer
    /// The inputs' number, rounded up to whole panels.
    let stride: Int
    /// `centred` in the order of the vector form's `contract`, made when it is first needed.
    let turned = Mutex<Memory?>(nil)
    /// [d] bytes, 1 where all inputs are zero; made when it is first needed.
    let blanks = Mutex<Memory?>(nil)
    /// The drivers with this program's steps.
    let source: ProgramSource
    /// The same for the gradient of a few rows.
    let rowSource: ProgramSource

    init(
        _ program: CovarianceProgram, count: Int, precision: Precision, parameters: Buffer, direction: Buffer,
        source: ProgramSource, rowSource: ProgramSource, panel: Int, in context: Context
    ) throws(ComputeError) {
        stride = (count + panel - 1) / panel * panel
        self.parameters = parameters
        self.direction = direction
        self.source = source
        self.rowSource = rowSource
        let bytes = precision.byteCount
        let advice = "use fewer inputs or a device with more memory"
        centred = try Memory(stride * program.input.count * bytes, in: context, advice: advice)
        start = try Memory(stride * CovarianceStep.startNumberCount * bytes, in: context, advice: advice)
        slots = try Memory(stride * program.slotCount * bytes, in: context, advice: advice)
    }
}

extension OpenCLInputs {
    /// A table as arguments of a kernel: `TABLE_PARAMETERS`.
    var arguments: [KernelArgument] { [.memory(centred), .memory(start), .memory(slots), .size(stride)] }
}

extension Context {
    /// - Precondition: the inputs were prepared in this context.
    func tables(of inputs: CovarianceInputs) -> OpenCLInputs {
        guard let tables = inputs.storage as? OpenCLInputs, tables.centred.context === self else {
            preconditionFailure("inputs of another device were given to '\(device.device.name)'")
        }
        return tables
    }
}

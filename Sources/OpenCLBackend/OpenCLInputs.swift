import Compute
import Synchronization

/// Tables of prepared inputs on one device; layouts in `Kernels/Covariance/scalar.cl`.
final class OpenCLInputs: Sendable {
    /// [stride / panel, d, panel]
    let unit: Memory
    /// [stride]
    let norm: Memory
    /// [slots, stride]
    let slots: Memory
    /// Parameters of all steps, in the device's `acc`.
    let parameters: Buffer
    /// The inputs' number, rounded up to whole panels.
    let stride: Int
    /// `unit` in the order of the vector form's `contract`, made when it is first needed.
    let turned = Mutex<Memory?>(nil)
    /// The drivers with this program's steps.
    let source: ProgramSource

    init(
        _ program: CovarianceProgram, count: Int, precision: Precision, parameters: Buffer, source: ProgramSource,
        panel: Int, in context: Context
    ) throws(ComputeError) {
        stride = (count + panel - 1) / panel * panel
        self.parameters = parameters
        self.source = source
        let bytes = precision.byteCount
        let advice = "use fewer inputs or a device with more memory"
        unit = try Memory(stride * program.input.count * bytes, in: context, advice: advice)
        norm = try Memory(stride * bytes, in: context, advice: advice)
        slots = try Memory(stride * program.slotCount * bytes, in: context, advice: advice)
    }
}

extension Context {
    /// - Precondition: the inputs were prepared in this context.
    func tables(of inputs: CovarianceInputs) -> OpenCLInputs {
        guard let tables = inputs.storage as? OpenCLInputs, tables.unit.context === self else {
            preconditionFailure("inputs of another device were given to '\(device.device.name)'")
        }
        return tables
    }
}

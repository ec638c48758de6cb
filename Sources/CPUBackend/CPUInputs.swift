import CPUKernels
import Compute

/// Tables of prepared inputs, and the program as the C drivers read it.
final class CPUInputs: Sendable {
    let program: CPUProgram
    /// [count, d]: inputs of unit norm.
    let unit: CPUMemory
    /// [stride]: norms.
    let norm: CPUMemory
    /// [slots, stride].
    let slots: CPUMemory
    let stride: Int

    init(_ program: CovarianceProgram, count: Int, precision: Precision) throws(ComputeError) {
        self.program = try CPUProgram(program)
        stride = (count + 15) / 16 * 16 + 16
        let bytes = precision.byteCount
        unit = try CPUMemory(byteCount: count * program.input.count * bytes)
        norm = try CPUMemory(byteCount: stride * bytes)
        slots = try CPUMemory(byteCount: stride * program.slotCount * bytes)
    }
}

/// A covariance program in C's terms.
final class CPUProgram: Sendable {
    private let steps: CPUMemory
    /// Points into `steps`; read only.
    nonisolated(unsafe) let value: ntk_program

    init(_ program: CovarianceProgram) throws(ComputeError) {
        precondition(program.geometry == .scalar, "the CPU backend runs scalar programs")
        precondition(program.depth <= Int(NTK_DEPTH), "residual blocks nested deeper than \(NTK_DEPTH - 1)")
        let offsets = program.slotOffsets
        steps = try CPUMemory(byteCount: program.steps.count * MemoryLayout<ntk_step>.stride)
        let pointer = steps.pointer(ntk_step.self)
        for (index, step) in program.steps.enumerated() {
            var entry = ntk_step()
            entry.opcode = step.opcode
            entry.slot = offsets[index]
            withUnsafeMutableBytes(of: &entry.parameters) { bytes in
                let parameters = bytes.assumingMemoryBound(to: Double.self)
                for (place, parameter) in step.parameters.enumerated() { parameters[place] = parameter }
            }
            pointer[index] = entry
        }
        value = ntk_program(
            steps: pointer, count: program.steps.count, readout: offsets[program.steps.count],
            dimension: program.input.count)
    }
}

extension CovarianceStep {
    /// What the C drivers call the step.
    var opcode: ntk_opcode {
        switch self {
        case .dense: NTK_DENSE
        case .abrelu: NTK_ABRELU
        case .erf: NTK_ERF
        case .gelu: NTK_GELU
        case .layerNorm: NTK_LAYER_NORM
        case .fork: NTK_FORK
        case .exchange: NTK_EXCHANGE
        case .join: NTK_JOIN
        case .convolution: NTK_CONV
        case .pool, .flatten, .globalPool: preconditionFailure("\(self) ends a segment and is no step of it")
        }
    }
}

extension CovarianceInputs {
    var cpu: CPUInputs {
        guard let inputs = storage as? CPUInputs else {
            preconditionFailure("inputs of another backend were given to the CPU backend")
        }
        return inputs
    }
}

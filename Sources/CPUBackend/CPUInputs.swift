import CPUKernels
import Compute
import Synchronization

/// Tables of prepared inputs, and the program as the C drivers read it.
final class CPUInputs: Sendable {
    let program: CPUProgram
    /// [count, d]: what is left of x/|x| beside its share of the program's direction.
    let centred: CPUMemory
    /// [4, stride]: what a pair starts from.
    let start: CPUMemory
    /// [slots, stride].
    let slots: CPUMemory
    let stride: Int
    private let count: Int
    private let knownBlanks = Mutex<[Int]?>(nil)

    init(_ program: CovarianceProgram, count: Int, precision: Precision) throws(ComputeError) {
        self.program = try CPUProgram(program)
        self.count = count
        stride = (count + 15) / 16 * 16 + 16
        let bytes = precision.byteCount
        centred = try CPUMemory(byteCount: count * program.input.count * bytes)
        start = try CPUMemory(byteCount: stride * CovarianceStep.startNumberCount * bytes)
        slots = try CPUMemory(byteCount: stride * program.slotCount * bytes)
    }
}

extension CPUInputs {
    /// Coordinates at which all inputs are zero; looked for once.
    /// - Precondition: the inputs have the precision of `T`.
    func blanks<T: CPUReal>(as type: T.Type) -> [Int] {
        knownBlanks.withLock { known in
            if let known { return known }
            var value = program.value
            var tables = T.inputs(self)
            let found = [Int](unsafeUninitializedCapacity: value.dimension) { target, filled in
                // Empty only where an input has no numbers.
                if let base = target.baseAddress { filled = T.findBlanks(&value, &tables, count, base) }
            }
            known = found
            return found
        }
    }
}

/// A covariance program in C's terms.
final class CPUProgram: Sendable {
    private let steps: CPUMemory
    private let direction: CPUMemory
    /// Points into `steps` and `direction`; read only.
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
        let numbers = program.input.direction
        direction = try CPUMemory(byteCount: numbers.count * MemoryLayout<Double>.stride, zeroed: false)
        direction.pointer().update(from: numbers, count: numbers.count)
        value = ntk_program(
            steps: pointer, count: program.steps.count, readout: offsets[program.steps.count],
            dimension: program.input.count, direction: direction.pointer())
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

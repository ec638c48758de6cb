import Compute

/// A map of every number, or every pixel, alone; its input is kept for the reverse pass.
struct Elementwise: Module {
    enum Function: Sendable {
        /// a min(x, 0) + b max(x, 0).
        case abrelu(negative: Double, positive: Double)
        case smooth(SmoothActivation)
        case layerNorm(eps: Double)
    }

    let function: Function
    let output: ImageShape

    func forward(_ input: PooledBuffer, _ pass: ForwardPass) throws(ComputeError) -> (PooledBuffer, Tape) {
        let count = pass.points * output.count
        let result = try pass.memory.borrow(count)
        let (target, source) = (result.buffer, input.buffer)
        let operation: Operation =
            switch function {
            case .abrelu(let negative, let positive):
                .abrelu(target: target, source: source, slopes: (negative, positive), count: count)
            case .smooth(let function): .activation(function, target: target, source: source, count: count)
            case .layerNorm(let eps):
                .layerNorm(
                    target: target, source: source, channels: output.channels, eps: eps,
                    rows: pass.points * output.pixels)
            }
        try pass.memory.backend.run(operation)
        return (result, .saved(input))
    }

    func reverse(
        _ cotangent: PooledBuffer, _ tape: Tape, _ pass: ReversePass, wantsInput: Bool
    ) throws(ComputeError) -> PooledBuffer? {
        guard wantsInput else { return nil }
        guard case .saved(let input) = tape else { preconditionFailure("a tape of another module") }
        let (period, count) = (pass.points * output.count, pass.rows * output.count)
        let operation: Operation =
            switch function {
            case .abrelu(let negative, let positive):
                .abreluReverse(
                    cotangent: cotangent.buffer, saved: input.buffer, slopes: (negative, positive), period: period,
                    count: count)
            case .smooth(let function):
                .activationReverse(
                    function, cotangent: cotangent.buffer, saved: input.buffer, period: period, count: count)
            case .layerNorm(let eps):
                .layerNormReverse(
                    cotangent: cotangent.buffer, saved: input.buffer, period: pass.points * output.pixels,
                    channels: output.channels, eps: eps, rows: pass.rows * output.pixels)
            }
        try pass.memory.backend.run(operation)
        return cotangent
    }
}

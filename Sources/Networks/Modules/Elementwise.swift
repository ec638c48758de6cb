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
        guard case .saved(let input, let tangent) = tape else { preconditionFailure("a tape of another module") }
        let backend = pass.memory.backend
        let curved: PooledBuffer? =
            if pass.direction != nil, let tangent {
                try curvature(cotangent.buffer, input.buffer, tangent.buffer, pass)
            } else { nil }
        try backend.run(derivative(cotangent.buffer, at: input.buffer, points: pass.points, rows: pass.rows))
        if let curved {
            try backend.run(.axpby(curved.buffer, into: cotangent.buffer, count: curved.buffer.count))
        }
        return cotangent
    }

    func tangent(
        _ tangent: PooledBuffer?, _ tape: Tape, _ pass: TangentPass
    ) throws(ComputeError) -> (PooledBuffer?, Tape) {
        guard case .saved(let input, _) = tape else { preconditionFailure("a tape of another module") }
        guard let tangent else { return (nil, tape) }
        let result = try pass.memory.borrow(tangent.buffer.count)
        try pass.memory.backend.copy(tangent.buffer, to: result.buffer)
        try pass.memory.backend.run(derivative(result.buffer, at: input.buffer, points: pass.points, rows: pass.points))
        return (result, .saved(input, tangent: tangent))
    }

    /// Multiplies with the map's derivative, which is symmetric, in place: the step of tangents as well as of cotangents.
    private func derivative(_ values: Buffer, at input: Buffer, points: Int, rows: Int) -> Operation {
        let (period, count) = (points * output.count, rows * output.count)
        return switch function {
        case .abrelu(let negative, let positive):
            .abreluReverse(
                cotangent: values, saved: input, slopes: (negative, positive), period: period, count: count)
        case .smooth(let function):
            .activationReverse(function, cotangent: values, saved: input, period: period, count: count)
        case .layerNorm(let eps):
            .layerNormReverse(
                cotangent: values, saved: input, period: points * output.pixels, channels: output.channels, eps: eps,
                rows: rows * output.pixels)
        }
    }

    /// What the cotangents of the output's tangent, the second replica, mean for the input through the map's second
    /// derivative; nil for one that has none.
    private func curvature(
        _ cotangent: Buffer, _ input: Buffer, _ tangent: Buffer, _ pass: ReversePass
    ) throws(ComputeError) -> PooledBuffer? {
        let count = pass.points * output.count
        let result = try pass.memory.borrow(count)
        let operation: Operation
        switch function {
        case .abrelu: return nil
        case .smooth(let function):
            operation = .activationCurvature(
                function, target: result.buffer, cotangent: cotangent, offset: count, saved: input, tangent: tangent,
                count: count)
        case .layerNorm(let eps):
            operation = .layerNormCurvature(
                target: result.buffer, cotangent: cotangent, offset: count, saved: input, tangent: tangent,
                channels: output.channels, eps: eps, rows: pass.points * output.pixels)
        }
        try pass.memory.backend.run(operation)
        return result
    }
}

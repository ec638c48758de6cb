import Compute

/// Maximum or scaled sum over the windows of an image, channel by channel.
struct Pool: Module {
    enum Function: Sendable {
        case max
        /// The sum times a number; a mean divides by the window's size, also at the border.
        case sum(scale: Double)
    }

    let function: Function
    let window: Window
    let input: ImageShape
    let output: ImageShape

    func forward(_ input: PooledBuffer, _ pass: ForwardPass) throws(ComputeError) -> (PooledBuffer, Tape) {
        let memory = pass.memory
        let result = try memory.borrow(pass.points * output.count)
        switch function {
        case .max:
            let choice = try memory.borrow(pass.points * output.count)
            try memory.backend.run(
                .maxPool(
                    target: result.buffer, choice: choice.buffer, images: input.buffer, shape: self.input,
                    window: window, count: pass.points))
            return (result, .saved(choice))
        case .sum(let scale):
            try memory.backend.run(
                .sumPool(
                    target: result.buffer, images: input.buffer, scale: scale, shape: self.input, window: window,
                    count: pass.points))
            return (result, .empty)
        }
    }

    func tangent(
        _ tangent: PooledBuffer?, _ tape: Tape, _ pass: TangentPass
    ) throws(ComputeError) -> (PooledBuffer?, Tape) {
        guard let tangent else { return (nil, tape) }
        let result = try pass.memory.borrow(pass.points * output.count)
        switch (function, tape) {
        case (.max, .saved(let choice, _)):
            try pass.memory.backend.run(
                .maxPoolTangent(
                    target: result.buffer, choice: choice.buffer, images: tangent.buffer, shape: input, window: window,
                    count: pass.points))
        case (.sum(let scale), _):
            try pass.memory.backend.run(
                .sumPool(
                    target: result.buffer, images: tangent.buffer, scale: scale, shape: input, window: window,
                    count: pass.points))
        default: preconditionFailure("a tape of another module")
        }
        return (result, tape)
    }

    func reverse(
        _ cotangent: PooledBuffer, _ tape: Tape, _ pass: ReversePass, wantsInput: Bool
    ) throws(ComputeError) -> PooledBuffer? {
        guard wantsInput else { return nil }
        let result = try pass.memory.borrow(pass.rows * input.count)
        switch (function, tape) {
        case (.max, .saved(let choice, _)):
            try pass.memory.backend.run(
                .maxPoolReverse(
                    images: result.buffer, cotangent: cotangent.buffer, choice: choice.buffer, saved: pass.points,
                    shape: input, window: window, count: pass.rows))
        case (.sum(let scale), _):
            try pass.memory.backend.run(
                .sumPoolReverse(
                    images: result.buffer, cotangent: cotangent.buffer, scale: scale, shape: input, window: window,
                    count: pass.rows))
        default: preconditionFailure("a tape of another module")
        }
        return result
    }
}

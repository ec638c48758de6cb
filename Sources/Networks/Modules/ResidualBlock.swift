import Compute

/// The sum of two branches; an empty one is the identity.
struct ResidualBlock: Module {
    let main: ModuleSequence
    let shortcut: ModuleSequence

    var output: ImageShape { main.output }

    func forward(_ input: PooledBuffer, _ pass: ForwardPass) throws(ComputeError) -> (PooledBuffer, Tape) {
        let (first, mainTape) = try main.forward(input, pass)
        let (second, shortcutTape) = try shortcut.forward(input, pass)
        return (try sum(first, second, pass.memory), .branches(main: mainTape, shortcut: shortcutTape))
    }

    func tangent(
        _ tangent: PooledBuffer?, _ tape: Tape, _ pass: TangentPass
    ) throws(ComputeError) -> (PooledBuffer?, Tape) {
        guard case .branches(let mainTape, let shortcutTape) = tape else {
            preconditionFailure("a tape of another module")
        }
        let (first, mainTangent) = try main.tangent(tangent, mainTape, pass)
        let (second, shortcutTangent) = try shortcut.tangent(tangent, shortcutTape, pass)
        let both = Tape.branches(main: mainTangent, shortcut: shortcutTangent)
        guard let first, let second else { return (first ?? second, both) }
        return (try sum(first, second, pass.memory), both)
    }

    /// A branch's output may be its input, or be on a tape: the sum has a place of its own.
    private func sum(
        _ first: PooledBuffer, _ second: PooledBuffer, _ memory: NetworkMemory
    ) throws(ComputeError) -> PooledBuffer {
        let sum = try memory.borrow(first.buffer.count)
        try memory.backend.copy(first.buffer, to: sum.buffer)
        try memory.backend.run(.axpby(second.buffer, into: sum.buffer, count: sum.buffer.count))
        return sum
    }

    func reverse(
        _ cotangent: PooledBuffer, _ tape: Tape, _ pass: ReversePass, wantsInput: Bool
    ) throws(ComputeError) -> PooledBuffer? {
        guard case .branches(let mainTape, let shortcutTape) = tape else {
            preconditionFailure("a tape of another module")
        }
        let copy = try pass.memory.borrow(pass.rows * output.count)
        try pass.memory.backend.copy(cotangent.buffer, to: copy.buffer)
        let first = try main.reverse(copy, mainTape, pass, wantsInput: wantsInput)
        let second = try shortcut.reverse(cotangent, shortcutTape, pass, wantsInput: wantsInput)
        guard let first, let second else { return nil }
        try pass.memory.backend.run(
            .axpby(second.buffer, into: first.buffer, count: pass.rows * main.input.count))
        return first
    }
}

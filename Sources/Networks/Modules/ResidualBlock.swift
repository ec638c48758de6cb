import Compute

/// The sum of two branches; an empty one is the identity.
struct ResidualBlock: Module {
    let main: ModuleSequence
    let shortcut: ModuleSequence

    var output: ImageShape { main.output }

    func forward(_ input: PooledBuffer, _ pass: ForwardPass) throws(ComputeError) -> (PooledBuffer, Tape) {
        let (first, mainTape) = try main.forward(input, pass)
        let (second, shortcutTape) = try shortcut.forward(input, pass)
        let count = pass.points * output.count
        // A branch's output may be its input, or be on a tape: the sum needs a place of its own.
        let sum = try pass.memory.borrow(count)
        try pass.memory.backend.copy(first.buffer, to: sum.buffer)
        try pass.memory.backend.run(.add(target: sum.buffer, source: second.buffer, count: count))
        return (sum, .branches(main: mainTape, shortcut: shortcutTape))
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
            .add(target: first.buffer, source: second.buffer, count: pass.rows * main.input.count))
        return first
    }
}

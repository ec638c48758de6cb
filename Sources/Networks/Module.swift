import Compute

/// A piece of a finite net: what it makes of a batch, and how cotangents go back through it.
protocol Module: Sendable {
    var output: ImageShape { get }

    /// - Parameter input: [points, …]; never changed.
    /// - Returns: [points, …], and what the reverse step needs.
    func forward(_ input: PooledBuffer, _ pass: ForwardPass) throws(ComputeError) -> (PooledBuffer, Tape)

    /// The derivative of the forward step along a direction of parameters and input.
    /// - Parameters:
    ///   - tangent: of the input, [points, …], never changed; nil for zero.
    ///   - tape: of the forward step.
    /// - Returns: the output's, [points, …], nil for zero; and the tape with what a reverse pass of both needs.
    func tangent(
        _ tangent: PooledBuffer?, _ tape: Tape, _ pass: TangentPass
    ) throws(ComputeError) -> (PooledBuffer?, Tape)

    /// - Parameters:
    ///   - cotangent: [replicas · points, …]; may be overwritten.
    ///   - wantsInput: whether the cotangent of the input is asked for.
    /// - Returns: [replicas · points, …]; nil where it is not asked for.
    func reverse(
        _ cotangent: PooledBuffer, _ tape: Tape, _ pass: ReversePass, wantsInput: Bool
    ) throws(ComputeError) -> PooledBuffer?
}

/// What a forward pass leaves for the reverse one.
indirect enum Tape: Sendable {
    case empty
    /// What a layer without weights needs: its input or a maximum's taps; behind a tangent pass also the input's tangent.
    case saved(PooledBuffer, tangent: PooledBuffer? = nil)
    /// Input and, where an activation is fused, output of a layer with weights.
    case affine(input: PooledBuffer, output: PooledBuffer?)
    case sequence([Tape])
    case branches(main: Tape, shortcut: Tape)
}

/// What a batch meets on its way forward.
struct ForwardPass: Sendable {
    let memory: NetworkMemory
    /// All parameters of the net.
    let parameters: Buffer
    let points: Int
    /// Whether a reverse pass will follow.
    let isRecorded: Bool
}

/// What a tangent meets on its way forward.
struct TangentPass: Sendable {
    let memory: NetworkMemory
    /// Where the derivative is taken.
    let parameters: Buffer
    /// Of the parameters, [parameters].
    let direction: Buffer
    let points: Int
}

/// Takes the input of a layer with weights and the cotangent of its affine output. Both stay as they are for as long
/// as somebody refers to them.
typealias AffineVisit =
    @Sendable (Affine, _ input: PooledBuffer, _ cotangent: PooledBuffer) throws(ComputeError) -> Void

/// What cotangents meet on their way back.
struct ReversePass: Sendable {
    let memory: NetworkMemory
    let parameters: Buffer
    /// Points of the forward pass.
    let points: Int
    /// Cotangents per point; the replica is the slow index: row r belongs to point r % points.
    let replicas: Int
    /// Told of each layer with weights, from the output on.
    let visit: AffineVisit?
    /// Of a tangent pass whose reverse this is; nil for the reverse of a forward pass alone.
    ///
    /// There are two replicas then: cotangents of the outputs, and of their tangents. The input's cotangent in the first
    /// one gathers both.
    var direction: Buffer?

    var rows: Int { points * replicas }
}

/// Modules one behind the other.
struct ModuleSequence: Module {
    let input: ImageShape
    let modules: [any Module]

    var output: ImageShape { modules.last?.output ?? input }
    /// The layers with weights, in order.
    var affines: [Affine] {
        modules.flatMap { module -> [Affine] in
            switch module {
            case let module as Affine: [module]
            case let module as ResidualBlock: module.main.affines + module.shortcut.affines
            default: []
            }
        }
    }

    func forward(_ input: PooledBuffer, _ pass: ForwardPass) throws(ComputeError) -> (PooledBuffer, Tape) {
        var current = input
        var tapes: [Tape] = []
        for module in modules {
            let (output, tape) = try module.forward(current, pass)
            current = output
            if pass.isRecorded { tapes.append(tape) }
        }
        return (current, .sequence(tapes))
    }

    func tangent(
        _ tangent: PooledBuffer?, _ tape: Tape, _ pass: TangentPass
    ) throws(ComputeError) -> (PooledBuffer?, Tape) {
        let recorded = tapes(tape)
        var current = tangent
        var tapes: [Tape] = []
        for (module, tape) in zip(modules, recorded) {
            let (output, tape) = try module.tangent(current, tape, pass)
            current = output
            tapes.append(tape)
        }
        return (current, .sequence(tapes))
    }

    func reverse(
        _ cotangent: PooledBuffer, _ tape: Tape, _ pass: ReversePass, wantsInput: Bool
    ) throws(ComputeError) -> PooledBuffer? {
        let tapes = tapes(tape)
        // In front of the first weights nothing is left to do, unless the input's cotangent is wanted.
        let first = modules.firstIndex { ModuleSequence(input: input, modules: [$0]).affines.isEmpty == false } ?? 0
        var current = cotangent
        for index in modules.indices.reversed() {
            let isNeeded = wantsInput || index > first
            guard let next = try modules[index].reverse(current, tapes[index], pass, wantsInput: isNeeded) else {
                return nil
            }
            current = next
        }
        return current
    }

    private func tapes(_ tape: Tape) -> [Tape] {
        guard case .sequence(let tapes) = tape, tapes.count == modules.count else {
            preconditionFailure("a tape of another net")
        }
        return tapes
    }
}

import Compute

/// A finite net on one device, or its tangent model: f(x) and its derivatives in the parameters and in x.
///
/// Calls are made from one thread at a time per net.
package final class Network: Sendable {
    package let plan: NetworkPlan
    package let backend: any Backend
    package let precision: Precision
    /// All parameters, in the order of `plan.parameters`.
    package let parameters: Buffer
    /// Where a tangent model touches its net; nil for the net itself.
    package let tangentPoint: TangentPoint?
    let memory: NetworkMemory

    /// - Parameters:
    ///   - parameters: [plan.parameterCount].
    ///   - tangentAt: p₀ of a tangent model, and whether it is centred; nil for the net itself.
    package init(
        _ plan: NetworkPlan, parameters: [Double], backend: any Backend, precision: Precision,
        tangentAt origin: (parameters: [Double], isCentred: Bool)? = nil
    ) throws(ComputeError) {
        precondition(
            parameters.count == plan.parameterCount,
            "\(parameters.count) parameters for a net of \(plan.parameterCount)")
        self.plan = plan
        self.backend = backend
        self.precision = precision
        self.parameters = try backend.upload(parameters, as: precision)
        memory = NetworkMemory(backend: backend, precision: precision)
        if let origin {
            tangentPoint = TangentPoint(
                parameters: try backend.upload(origin.parameters, as: precision), isCentred: origin.isCentred)
        } else {
            tangentPoint = nil
        }
    }

    /// The parameters that layers are evaluated with: a tangent model's p₀.
    var basePoint: Buffer { tangentPoint?.parameters ?? parameters }

    /// f at `count` points.
    /// - Parameter points: [count, …] in the net's precision.
    /// - Returns: [count, k].
    package func predict(_ points: Buffer, count: Int) throws(ComputeError) -> Tensor<Double> {
        if tangentPoint != nil { return try evaluate(points, count: count).predictions() }
        let pass = ForwardPass(memory: memory, parameters: parameters, points: count, isRecorded: false)
        let (outputs, _) = try plan.modules.forward(PooledBuffer(foreign: points), pass)
        return try tensor(outputs, count)
    }

    /// f at any number of points, `batchSize` of them at a time.
    /// - Parameter points: [m, …].
    /// - Returns: [m, k].
    package func predictions(at points: Tensor<Double>, batchSize: Int = 256) throws(ComputeError) -> Tensor<Double> {
        var elements: [Double] = []
        for first in stride(from: 0, to: points.count, by: batchSize) {
            let range = first..<min(first + batchSize, points.count)
            elements += try predict(
                backend.upload(points[range].elements, as: precision), count: range.count
            ).elements
        }
        return Tensor(shape: [points.count, plan.outputs], elements: elements)
    }

    /// f at `count` points, with what derivatives need.
    package func evaluate(_ points: Buffer, count: Int) throws(ComputeError) -> NetworkEvaluation {
        let pass = ForwardPass(memory: memory, parameters: basePoint, points: count, isRecorded: true)
        let (outputs, tape) = try plan.modules.forward(PooledBuffer(foreign: points), pass)
        let net = NetworkEvaluation(network: self, count: count, outputs: outputs, tape: tape, displacement: nil)
        guard let displacement = try displacement() else { return net }
        let (tangent, tangentTape) = try net.tangentPass(along: displacement.buffer)
        if tangentPoint?.isCentred == false {
            try backend.run(.axpby(outputs.buffer, into: tangent.buffer, count: count * plan.outputs))
        }
        return NetworkEvaluation(
            network: self, count: count, outputs: tangent, tape: tangentTape, displacement: displacement)
    }

    func tensor(_ outputs: PooledBuffer, _ count: Int) throws(ComputeError) -> Tensor<Double> {
        Tensor(shape: [count, plan.outputs], elements: try backend.download(outputs.buffer))
    }
}

/// A net at given points with given parameters: valid until the parameters change.
package struct NetworkEvaluation: Sendable {
    package let network: Network
    package let count: Int
    let outputs: PooledBuffer
    let tape: Tape
    /// p − p₀ of a tangent model.
    let displacement: PooledBuffer?

    /// f(x_i), [m, k].
    package func predictions() throws(ComputeError) -> Tensor<Double> { try network.tensor(outputs, count) }

    /// f(x_i) on the device, [m, k].
    package var outputBuffer: Buffer { outputs.buffer }

    /// Σ_c cotangents[i, c] ∇f_c(x_i) in the input, for every point i.
    /// - Parameter cotangents: [m, k] in the net's precision.
    /// - Returns: [m, …], the caller's own.
    package func inputGradient(cotangents: Buffer) throws(ComputeError) -> Buffer {
        let gradient =
            if let displacement {
                try tangentInputGradient(cotangents: cotangents, along: displacement.buffer)
            } else {
                try reverse(cotangents, replicas: 1, wantsInput: true, visit: nil)
            }
        guard let gradient else { preconditionFailure("no input gradient") }
        let size = count * network.plan.input.count
        let result = try network.backend.allocate(size, network.precision)
        try network.backend.run(.axpby(gradient.buffer, beta: 0, into: result, count: size))
        return result
    }

    /// Σ_i Σ_c cotangents[i, c] ∇f_c(x_i) in the parameters.
    /// - Parameters:
    ///   - cotangents: [m, k] in the net's precision.
    ///   - gradient: [plan.parameterCount], overwritten.
    package func parameterGradient(cotangents: Buffer, into gradient: Buffer) throws(ComputeError) {
        precondition(gradient.count == network.plan.parameterCount, "a gradient of \(gradient.count) numbers")
        let (memory, count) = (network.memory, count)
        _ = try reverse(cotangents, replicas: 1, wantsInput: false) {
            (layer, input, cotangent) throws(ComputeError) in
            try layer.parameterGradient(
                input: input.buffer, cotangent: cotangent.buffer, points: count, into: gradient, memory)
        }
    }

    /// - Parameters:
    ///   - cotangents: [replicas · m, k], not changed.
    ///   - direction: see ``ReversePass``.
    func reverse(
        _ cotangents: Buffer, replicas: Int, wantsInput: Bool, visit: AffineVisit?, direction: Buffer? = nil
    ) throws(ComputeError) -> PooledBuffer? {
        let pass = ReversePass(
            memory: network.memory, parameters: network.basePoint, points: count, replicas: replicas, visit: visit,
            direction: direction)
        // Modules write over cotangents.
        let start = try network.memory.borrow(cotangents.count)
        precondition(start.buffer.count == pass.rows * network.plan.outputs, "\(cotangents.count) cotangents")
        try network.backend.copy(cotangents, to: start.buffer)
        return try network.plan.modules.reverse(start, tape, pass, wantsInput: wantsInput)
    }
}

import Compute

/// A finite net on one device: f(x) and its derivatives in the parameters and in x.
///
/// Calls are made from one thread at a time per net.
package final class Network: Sendable {
    package let plan: NetworkPlan
    package let backend: any Backend
    package let precision: Precision
    /// All parameters, in the order of `plan.parameters`.
    package let parameters: Buffer
    let memory: NetworkMemory

    /// - Parameter parameters: [plan.parameterCount].
    package init(
        _ plan: NetworkPlan, parameters: [Double], backend: any Backend, precision: Precision
    ) throws(ComputeError) {
        precondition(
            parameters.count == plan.parameterCount,
            "\(parameters.count) parameters for a net of \(plan.parameterCount)")
        self.plan = plan
        self.backend = backend
        self.precision = precision
        self.parameters = try backend.upload(parameters, as: precision)
        memory = NetworkMemory(backend: backend, precision: precision)
    }

    /// f at `count` points.
    /// - Parameter points: [count, …] in the net's precision.
    /// - Returns: [count, k].
    package func predict(_ points: Buffer, count: Int) throws(ComputeError) -> Tensor<Double> {
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
        let pass = ForwardPass(memory: memory, parameters: parameters, points: count, isRecorded: true)
        let (outputs, tape) = try plan.modules.forward(PooledBuffer(foreign: points), pass)
        return NetworkEvaluation(network: self, count: count, outputs: outputs, tape: tape)
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

    /// f(x_i), [m, k].
    package func predictions() throws(ComputeError) -> Tensor<Double> { try network.tensor(outputs, count) }

    /// f(x_i) on the device, [m, k].
    package var outputBuffer: Buffer { outputs.buffer }

    /// Σ_c cotangents[i, c] ∇f_c(x_i) in the input, for every point i.
    /// - Parameter cotangents: [m, k] in the net's precision.
    /// - Returns: [m, …], the caller's own.
    package func inputGradient(cotangents: Buffer) throws(ComputeError) -> Buffer {
        guard let gradient = try reverse(cotangents, replicas: 1, wantsInput: true, visit: nil) else {
            preconditionFailure("no input gradient")
        }
        let result = try network.backend.allocate(gradient.buffer.count, network.precision)
        try network.backend.copy(gradient.buffer, to: result)
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

    /// - Parameter cotangents: [replicas · m, k], not changed.
    func reverse(
        _ cotangents: Buffer, replicas: Int, wantsInput: Bool,
        visit: AffineVisit?
    ) throws(ComputeError) -> PooledBuffer? {
        let pass = ReversePass(
            memory: network.memory, parameters: network.parameters, points: count, replicas: replicas, visit: visit)
        // Modules write over cotangents.
        let start = try network.memory.borrow(cotangents.count)
        precondition(start.buffer.count == pass.rows * network.plan.outputs, "\(cotangents.count) cotangents")
        try network.backend.copy(cotangents, to: start.buffer)
        return try network.plan.modules.reverse(start, tape, pass, wantsInput: wantsInput)
    }
}

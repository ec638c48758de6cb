import Compute

/// Where a net is replaced by its tangent, a model that is linear in the parameters p:
/// `f(x; p₀) + ∂f(x; p₀)/∂p (p − p₀)`, or centred without the first term.
///
/// Source: Fort et al. 2020; Loo et al. 2022 for the centred model.
package struct TangentPoint: Sendable {
    /// p₀, [parameters] on the device.
    package let parameters: Buffer
    package let isCentred: Bool
}

extension Network {
    /// The tangent model at the net's present parameters; its own parameters begin there and move alone.
    package func linearized(isCentred: Bool) throws(ComputeError) -> Network {
        let present = try backend.download(parameters)
        return try Network(
            plan, parameters: present, backend: backend, precision: precision,
            tangentAt: (present, isCentred: isCentred))
    }

    /// p − p₀; nil where the net is not a tangent model.
    func displacement() throws(ComputeError) -> PooledBuffer? {
        guard let tangentPoint else { return nil }
        let result = try memory.borrow(plan.parameterCount)
        try backend.copy(parameters, to: result.buffer)
        try backend.run(.axpby(alpha: -1, tangentPoint.parameters, into: result.buffer, count: plan.parameterCount))
        return result
    }
}

extension NetworkEvaluation {
    /// ∂f(x_i)/∂p · direction, a derivative in the parameters without a matrix of derivatives.
    /// - Parameter direction: [parameters] in the net's precision.
    /// - Returns: [m, k], the caller's own.
    /// - Complexity: two forward passes.
    package func outputTangent(along direction: Buffer) throws(ComputeError) -> Buffer {
        let (tangent, _) = try tangentPass(along: direction)
        let result = try network.backend.allocate(tangent.buffer.count, network.precision)
        try network.backend.copy(tangent.buffer, to: result)
        return result
    }

    /// The outputs' tangent, and a tape for the reverse pass of outputs and tangents.
    func tangentPass(along direction: Buffer) throws(ComputeError) -> (PooledBuffer, Tape) {
        let pass = TangentPass(
            memory: network.memory, parameters: network.basePoint, direction: direction, points: count)
        let (tangent, tape) = try network.plan.modules.tangent(nil, self.tape, pass)
        guard let tangent else { preconditionFailure("a net without parameters") }
        return (tangent, tape)
    }

    /// The input gradient of a tangent model: that of the outputs at p₀ and of their tangent.
    func tangentInputGradient(cotangents: Buffer, along direction: Buffer) throws(ComputeError) -> PooledBuffer? {
        let (backend, size) = (network.backend, cotangents.count)
        let both = try network.memory.borrow(2 * size)
        let isCentred = network.tangentPoint?.isCentred == true
        try backend.run(.axpby(alpha: isCentred ? 0 : 1, cotangents, beta: 0, into: both.buffer, count: size))
        try backend.run(.axpby(cotangents, beta: 0, into: both.buffer, at: size, count: size))
        return try reverse(both.buffer, replicas: 2, wantsInput: true, visit: nil, direction: direction)
    }
}

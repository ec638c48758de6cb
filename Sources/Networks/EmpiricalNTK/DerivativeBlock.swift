import Compute

/// The derivatives of all outputs in all parameters at a block of points, layer by layer.
struct DerivativeBlock: Sendable {
    let points: Int
    /// By the index of the layer.
    let layers: [LayerDerivatives]

    /// Bytes of activations and cotangents that may be alive.
    private static let passLimit = 64 << 20

    /// A forward pass and one reverse pass for all outputs, for as many points at a time as `passLimit` allows.
    init(
        _ network: Network, points: Tensor<Double>, contractions: [Contraction]
    ) throws(ComputeError) {
        let (memory, outputs) = (network.memory, network.plan.outputs)
        self.points = points.count
        var layers: [LayerDerivatives] = []
        for (layer, contraction) in zip(network.plan.modules.affines, contractions) {
            layers.append(try Self.empty(layer, contraction, outputs: outputs, points: points.count, memory))
        }
        self.layers = layers
        let size = Self.passSize(network)
        for first in stride(from: 0, to: points.count, by: size) {
            try fill(network, points[first..<min(first + size, points.count)], from: first)
        }
    }

    private static func empty(
        _ layer: Affine, _ contraction: Contraction, outputs: Int, points: Int, _ memory: NetworkMemory
    ) throws(ComputeError) -> LayerDerivatives {
        switch contraction {
        case .jacobian: .jacobian(try memory.borrow(points * outputs * layer.parameterCount))
        case .patches:
            .factors(
                patches: try memory.borrow(points * layer.output.pixels * layer.patch),
                cotangents: try memory.borrow(outputs * points * layer.output.count))
        }
    }

    /// Points of one pass: three arrays of the largest layer are alive for each output.
    private static func passSize(_ network: Network) -> Int {
        let largest = network.plan.modules.affines.map { max($0.input.count, $0.output.count) }.max() ?? 1
        return max(1, passLimit / network.precision.byteCount / (3 * network.plan.outputs * largest))
    }

    /// The derivatives at some points, behind those of the `first` ones before them.
    private func fill(_ network: Network, _ part: Tensor<Double>, from first: Int) throws(ComputeError) {
        let (memory, backend, outputs, count) = (network.memory, network.backend, network.plan.outputs, part.count)
        let evaluation = try network.evaluate(
            backend.upload(part.elements, as: network.precision), count: count)
        var units = [Double](repeating: 0, count: outputs * count * outputs)
        for output in 0..<outputs {
            for point in 0..<count { units[(output * count + point) * outputs + output] = 1 }
        }
        let cotangents = try backend.upload(units, as: network.precision)
        _ = try evaluation.reverse(cotangents, replicas: outputs, wantsInput: false) {
            (layer, input, cotangent) throws(ComputeError) in
            switch layers[layer.index] {
            case .jacobian(let jacobian):
                try layer.writeJacobian(
                    jacobian.buffer, from: first, outputs: outputs, input: input.buffer, cotangent: cotangent.buffer,
                    points: count, memory)
            case .factors(let patches, let saved):
                try layer.writePatches(patches.buffer, from: first, input: input.buffer, points: count, memory)
                for output in 0..<outputs {
                    try backend.run(
                        .axpby(
                            cotangent.buffer, from: output * count * layer.output.count, beta: 0, into: saved.buffer,
                            at: (output * points + first) * layer.output.count, count: count * layer.output.count))
                }
            }
        }
    }
}

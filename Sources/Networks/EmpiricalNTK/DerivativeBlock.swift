import Compute
import Synchronization

/// The derivatives of all outputs in all parameters at a block of points, layer by layer.
struct DerivativeBlock: Sendable {
    let points: Int
    /// By the index of the layer.
    let layers: [LayerDerivatives]

    /// One forward pass and a reverse pass per output.
    init(
        _ network: Network, points: Tensor<Double>, contractions: [Contraction]
    ) throws(ComputeError) {
        let (memory, outputs, count) = (network.memory, network.plan.outputs, points.count)
        let buffer = try network.backend.upload(points.elements, as: network.precision)
        let evaluation = try network.evaluate(buffer, count: count)
        let store = Store(layers: contractions.count)
        for output in 0..<outputs {
            var unit = [Double](repeating: 0, count: count * outputs)
            for point in 0..<count { unit[point * outputs + output] = 1 }
            let cotangents = try network.backend.upload(unit, as: network.precision)
            _ = try evaluation.reverse(cotangents, replicas: 1, wantsInput: false) {
                (layer, input, cotangent) throws(ComputeError) in
                switch contractions[layer.index] {
                case .jacobian:
                    let jacobian =
                        if let known = store.jacobian(layer.index) { known } else {
                            try memory.borrow(count * outputs * layer.parameterCount)
                        }
                    try layer.writeJacobian(
                        jacobian.buffer, of: output, outputs: outputs, input: input.buffer,
                        cotangent: cotangent.buffer, points: count, memory)
                    store.set(layer.index, .jacobian(jacobian))
                case .patches:
                    let (known, former) = store.factors(layer.index)
                    let patches =
                        if let known { known } else { try layer.allPatches(input, points: count, memory) }
                    store.set(layer.index, .factors(patches: patches, cotangents: former + [cotangent]))
                }
            }
        }
        self.points = count
        layers = store.finished()
    }

    /// What the reverse passes have left so far.
    private final class Store: Sendable {
        private let layers: Mutex<[LayerDerivatives?]>

        init(layers count: Int) { layers = Mutex(Array(repeating: nil, count: count)) }

        func set(_ index: Int, _ derivatives: LayerDerivatives) { layers.withLock { $0[index] = derivatives } }

        func jacobian(_ index: Int) -> PooledBuffer? {
            if case .jacobian(let buffer) = layers.withLock({ $0[index] }) { buffer } else { nil }
        }

        func factors(_ index: Int) -> (patches: PooledBuffer?, cotangents: [PooledBuffer]) {
            if case .factors(let patches, let cotangents) = layers.withLock({ $0[index] }) {
                (patches, cotangents)
            } else {
                (nil, [])
            }
        }

        func finished() -> [LayerDerivatives] { layers.withLock { $0.compactMap { $0 } } }
    }
}

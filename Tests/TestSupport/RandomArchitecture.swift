import Compute
import TangentKernels

/// Random nets and inputs with a seed.
package enum RandomArchitecture {
    /// A dense net: dense first and last, between them activations, normalisation and nested residual blocks.
    package static func dense(seed: UInt64) -> Architecture {
        var generator = SeededGenerator(seed: seed)
        let inner = layers(count: Int.random(in: 1...5, using: &generator), depth: 2, &generator)
        return Architecture([dense(&generator)] + inner + [dense(&generator)])
    }

    /// Standard normal vectors, [count, dimension], each scaled by its own factor.
    package static func inputs(
        _ count: Int, _ dimension: Int, seed: UInt64, scale: ClosedRange<Double> = 0.3...3
    ) -> Tensor<Double> {
        var generator = SeededGenerator(seed: seed)
        var elements: [Double] = []
        for _ in 0..<count {
            let factor = Double.random(in: scale, using: &generator)
            // Sums of twelve uniform numbers are normal enough.
            for _ in 0..<dimension { elements.append(factor * generator.numbers(12).reduce(0, +) / 2) }
        }
        return Tensor(shape: [count, dimension], elements: elements)
    }

    private static func layers(count: Int, depth: Int, _ generator: inout SeededGenerator) -> [any Layer] {
        (0..<count).flatMap { _ -> [any Layer] in
            switch Int.random(in: 0..<(depth > 0 ? 12 : 9), using: &generator) {
            case 0: [Relu(), dense(&generator)]
            case 1: [LeakyRelu(alpha: Double.random(in: -0.5...0.9, using: &generator)), dense(&generator)]
            case 2: [ABRelu(a: -0.7, b: 1.3), dense(&generator)]
            case 3: [Abs(), dense(&generator)]
            case 4: [Erf(), dense(&generator)]
            case 5: [Gelu()]
            case 6: [Identity()]
            case 7: [LayerNorm(eps: [1e-12, 0.1, 2].randomElement(using: &generator) ?? 0.1)]
            case 8: [dense(&generator)]
            default:
                [
                    Residual(
                        main: layers(
                            count: Int.random(in: 1...3, using: &generator), depth: depth - 1, &generator),
                        shortcut: layers(
                            count: Int.random(in: 0...1, using: &generator), depth: depth - 1, &generator))
                ]
            }
        }
    }

    private static func dense(_ generator: inout SeededGenerator) -> any Layer {
        Dense(
            weightStd: Double.random(in: 0.7...1.8, using: &generator),
            biasStd: [0, 0.1, 0.7].randomElement(using: &generator) ?? 0)
    }
}

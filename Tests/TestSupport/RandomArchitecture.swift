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

    /// A net for images of height × width: convolutions, poolings, activations, normalisation and residual blocks, a
    /// read-out, and in half of the cases more than one dense layer behind it.
    package static func convolutional(seed: UInt64, height: Int, width: Int, channels: Int) -> Architecture {
        var generator = SeededGenerator(seed: seed)
        for _ in 0..<1000 {
            var layers = [conv(stride: (1, 1), &generator), activation(&generator)]
            for _ in 0..<Int.random(in: 0...2, using: &generator) { layers += block(&generator) }
            layers.append(Bool.random(using: &generator) ? Flatten() : GlobalAvgPool())
            if Bool.random(using: &generator) {
                layers += self.layers(count: Int.random(in: 1...3, using: &generator), depth: 1, &generator)
            }
            let net = Architecture(layers + [dense(&generator)])
            // Windows that do not fit, and orders that do not go together, are drawn anew.
            if (try? net.program(height: height, width: width, channels: channels)) != nil { return net }
        }
        preconditionFailure("no net of 1000 fits images of \(height) × \(width)")
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

    private static func block(_ generator: inout SeededGenerator) -> [any Layer] {
        let stride = pair(&generator)
        switch Int.random(in: 0..<7, using: &generator) {
        case 0: return [pool(stride: stride, padding(&generator), &generator)]
        case 1: return [SumPool(window: pair(&generator), stride: stride), LayerNorm(eps: 0.1)]
        case 2:
            return [
                Residual(
                    main: [activation(&generator), conv(stride: stride, &generator)],
                    shortcut: stride == (1, 1) ? [] : [conv(stride: stride, &generator)])
            ]
        case 3:
            // Branches of the same size, whatever the stride.
            let padding = padding(&generator) == .valid ? Padding.same : .circular
            let branch: [any Layer] = [activation(&generator), pool(stride: stride, padding, &generator)]
            return [
                Residual(
                    main: [conv(stride: (1, 1), &generator)] + branch,
                    shortcut: [pool(stride: stride, padding, &generator)])
            ]
        case 4: return [conv(stride: stride, &generator), LayerNorm(eps: 0.1), activation(&generator)]
        default: return [conv(stride: (1, 1), &generator), activation(&generator)]
        }
    }

    private static func pair(_ generator: inout SeededGenerator) -> (Int, Int) {
        (Int.random(in: 1...3, using: &generator), Int.random(in: 1...3, using: &generator))
    }

    private static func padding(_ generator: inout SeededGenerator) -> Padding {
        [.same, .same, .valid, .circular].randomElement(using: &generator) ?? .same
    }

    private static func pool(
        stride: (Int, Int), _ padding: Padding, _ generator: inout SeededGenerator
    ) -> any Layer {
        AvgPool(window: pair(&generator), stride: stride, padding: padding)
    }

    private static func conv(stride: (Int, Int), _ generator: inout SeededGenerator) -> any Layer {
        Conv(
            filter: (Int.random(in: 1...4, using: &generator), Int.random(in: 1...4, using: &generator)),
            stride: stride, padding: padding(&generator),
            weightStd: Double.random(in: 0.7...1.8, using: &generator),
            biasStd: [0, 0.1, 0.7].randomElement(using: &generator) ?? 0)
    }

    private static func activation(_ generator: inout SeededGenerator) -> any Layer {
        let all: [any Layer] = [
            Relu(), LeakyRelu(alpha: 0.3), ABRelu(a: -0.7, b: 1.3), Abs(), Erf(), Gelu(), Identity(),
        ]
        return all.randomElement(using: &generator) ?? Relu()
    }
}

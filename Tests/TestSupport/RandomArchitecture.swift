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

    /// A net on 6 × 5 pixels of two channels: filters, strides and paddings of any kind, pools, residual blocks, both
    /// read-outs.
    package static func convolutional(seed: UInt64) -> CovarianceProgram {
        var generator = SeededGenerator(seed: seed)
        // What does not fit together is drawn again.
        while true {
            let padding: [Padding] =
                [[.same, .valid], [.same], [.circular]].randomElement(using: &generator) ?? [.same]
            var layers: [any Layer] = [conv(padding, &generator)]
            for _ in 0..<Int.random(in: 1...4, using: &generator) { layers += block(padding, &generator) }
            layers += [Bool.random(using: &generator) ? Flatten() : GlobalAvgPool()]
            layers += (0..<Int.random(in: 0...2, using: &generator)).map { _ in dense(&generator) }
            if let program = try? Architecture(layers).program(height: 6, width: 5, channels: 2) { return program }
        }
    }

    private static func block(_ padding: [Padding], _ generator: inout SeededGenerator) -> [any Layer] {
        switch Int.random(in: 0..<5, using: &generator) {
        case 0: [conv(padding, &generator)]
        case 1: [pool(&generator)]
        case 2:
            [
                Residual(
                    main: [pointwise(&generator), conv([.same], isPlain: true, &generator), pointwise(&generator)],
                    shortcut: Bool.random(using: &generator) ? [] : [conv([.same], isPlain: true, &generator)])
            ]
        default: [pointwise(&generator), conv(padding, &generator)]
        }
    }

    private static func pointwise(_ generator: inout SeededGenerator) -> any Layer {
        switch Int.random(in: 0..<6, using: &generator) {
        case 0: Erf()
        case 1: Gelu()
        case 2: LayerNorm(eps: 0.1)
        case 3: LeakyRelu(alpha: 0.2)
        default: Relu()
        }
    }

    private static func pool(_ generator: inout SeededGenerator) -> any Layer {
        let window = (Int.random(in: 1...3, using: &generator), Int.random(in: 1...3, using: &generator))
        let stride = (Int.random(in: 1...2, using: &generator), Int.random(in: 1...2, using: &generator))
        return Bool.random(using: &generator)
            ? AvgPool(window: window, stride: stride) : SumPool(window: window, stride: stride)
    }

    private static func conv(
        _ padding: [Padding], isPlain: Bool = false, _ generator: inout SeededGenerator
    ) -> any Layer {
        let size = [(3, 3), (3, 3), (1, 1), (2, 3), (3, 2), (5, 1), (4, 4)].randomElement(using: &generator) ?? (3, 3)
        let stride = [(1, 1), (1, 1), (2, 1), (1, 2), (2, 2)].randomElement(using: &generator) ?? (1, 1)
        return Conv(
            filter: size, stride: isPlain ? (1, 1) : stride,
            padding: padding.randomElement(using: &generator) ?? .same,
            weightStd: Double.random(in: 0.7...1.8, using: &generator),
            biasStd: [0, 0.1, 0.7].randomElement(using: &generator) ?? 0)
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

import Compute
import Networks
import TangentKernels
import TestSupport

/// Small nets that together hold every layer, window and parameterization, with random parameters and points.
struct RandomNetwork: Sendable, CustomStringConvertible {
    let description: String
    let layers: [any Layer]
    let input: ImageShape
    var outputs = 3
    var widths = Widths.uniform(4)
    var parameterization = Parameterization.ntk

    private static func conv(
        _ filter: Int, stride: Int = 1, _ padding: Padding = .same, bias: Double = 0.3
    ) -> Conv {
        Conv(filter: (filter, filter), stride: (stride, stride), padding: padding, weightStd: 1.4, biasStd: bias)
    }

    private static let dense = Dense(weightStd: 1.3, biasStd: 0.2)
    private static let image = ImageShape(height: 5, width: 6, channels: 2)
    private static let end: [any Layer] = [Flatten(), dense]

    static let all = [
        RandomNetwork(
            description: "dense", layers: [dense, Relu(), dense, Erf(), dense], input: ImageShape(channels: 7),
            widths: .each([5, 6])),
        RandomNetwork(
            description: "one output, standard", layers: [dense, Gelu(), dense], input: ImageShape(channels: 4),
            outputs: 1, parameterization: .standard),
        RandomNetwork(
            description: "slopes",
            layers: [conv(3), LeakyRelu(alpha: 0.2), conv(3), Abs(), ABRelu(a: -0.4, b: 1.7)] + end,
            input: image),
        RandomNetwork(
            description: "strides", layers: [conv(3, stride: 2), Relu(), conv(2, stride: 2, .valid), Erf()] + end,
            input: image),
        RandomNetwork(
            description: "circular",
            layers: [conv(3, .circular), Erf(), conv(4, stride: 3, .circular), Gelu()] + end, input: image),
        RandomNetwork(
            description: "wide circular window", layers: [conv(7, .circular, bias: 0), Erf()] + end,
            input: ImageShape(height: 3, width: 2, channels: 1)),
        RandomNetwork(
            description: "valid", layers: [conv(3, .valid), Gelu(), conv(1), Relu()] + end, input: image,
            parameterization: .standard),
        RandomNetwork(
            description: "averages",
            layers: [
                conv(3), Erf(), AvgPool(window: (3, 2), stride: (2, 1), padding: .same), conv(3), Erf(),
                GlobalAvgPool(), dense,
            ], input: image),
        RandomNetwork(
            description: "sums",
            layers: [conv(3), Erf(), SumPool(window: (2, 3), stride: (1, 2), padding: .circular)] + end, input: image),
        RandomNetwork(
            description: "maxima",
            layers: [
                conv(3), Erf(), MaxPool(window: (3, 3), stride: (2, 2), padding: .same), conv(2),
                MaxPool(window: (2, 2), stride: (1, 1)),
            ] + end, input: image),
        RandomNetwork(
            description: "maxima on a circle",
            layers: [conv(3), Erf(), MaxPool(window: (2, 3), stride: (1, 2), padding: .circular)] + end, input: image),
        RandomNetwork(
            description: "residuals",
            layers: [
                conv(3), Residual(main: [Relu(), conv(3), Relu(), conv(3)]), Erf(),
                Residual(main: [conv(3, stride: 2)], shortcut: [conv(1, stride: 2), Gelu()]),
                Residual(main: [], shortcut: [Residual(main: [Gelu()], shortcut: [])]),
            ] + end, input: image),
        RandomNetwork(
            description: "normalised", layers: [conv(3), LayerNorm(eps: 0.1), Erf()] + end + [Identity()], input: image
        ),
        RandomNetwork(
            description: "a pool in front", layers: [AvgPool(window: (2, 2), stride: (1, 1)), conv(3), Gelu()] + end,
            input: image),
        RandomNetwork(
            description: "a conv as read-out", layers: [conv(3), Gelu(), conv(3), GlobalAvgPool()], input: image),
    ]

    func plan() throws -> NetworkPlan {
        try NetworkPlan(
            Architecture(layers), input: input, outputs: outputs, widths: widths, parameterization: parameterization)
    }

    func network(_ backend: any Backend, _ precision: Precision, parameters: [Double]? = nil) throws -> Network {
        let plan = try plan()
        return try Network(
            plan, parameters: parameters ?? plan.initialParameters(.ntk, seed: 5), backend: backend,
            precision: precision)
    }

    func points(_ count: Int, seed: UInt64 = 1) -> Tensor<Double> {
        RandomArchitecture.inputs(count, input.count, seed: seed, scale: 1...1)
    }

    /// Random numbers, [rows, outputs].
    func cotangents(_ rows: Int) -> [Double] {
        var generator = SeededGenerator(seed: 9)
        return generator.numbers(rows * outputs)
    }
}

import Compute
import TangentKernels
import TestSupport
import Testing

/// Input gradients against central differences of the predictions, in float64.
@Suite struct GradientTests {
    struct Net: Sendable, CustomStringConvertible {
        let description: String
        let architecture: Architecture

        init(_ description: String, _ layers: [any Layer]) {
            self.description = description
            architecture = Architecture(layers)
        }
    }

    private static let dense = Dense(weightStd: 1.3, biasStd: 0.2)

    private static func net(_ name: String, _ activation: any Layer) -> [Net] {
        let free = Dense(weightStd: 1.3, biasStd: 0)
        return [
            Net("\(name), 1 layer, no bias", [free, activation, free]),
            Net("\(name), 3 layers", [dense, activation, dense, activation, dense, activation, dense]),
        ]
    }

    static let nets: [Net] =
        net("relu", Relu()) + net("leaky_relu", LeakyRelu(alpha: 0.2)) + net("abrelu", ABRelu(a: -0.5, b: 1.2))
        + net("abs", Abs()) + net("identity", Identity()) + net("erf", Erf()) + net("gelu", Gelu()) + [
            Net("gelu twice in a row", [dense, Gelu(), Gelu(), dense]),
            Net("activation last", [dense, Erf(), dense, Relu()]),
            Net("residual", [dense, Residual(main: [Relu(), dense, Erf(), dense]), Gelu(), dense]),
            Net(
                "residual in residual",
                [
                    dense,
                    Residual(main: [Residual(main: [Relu(), dense], shortcut: [Gelu(), dense]), dense]),
                    Relu(), dense,
                ]),
            Net(
                "residual with two branches",
                [Residual(main: [dense, Relu(), dense], shortcut: [dense, LayerNorm(eps: 0.3)]), Erf(), dense]),
            Net("layer_norm", [dense, LayerNorm(), Relu(), dense, LayerNorm(), Gelu(), dense]),
            Net(
                "layer_norm, large eps",
                [dense, LayerNorm(eps: 1.5), Relu(), dense, LayerNorm(eps: 0.4), Erf(), dense]),
            Net("layer_norm first", [LayerNorm(eps: 0.7), dense, Gelu(), dense]),
        ] + (100..<110 as Range<UInt64>).map { Net("random \($0)", RandomArchitecture.dense(seed: $0).layers) }

    @Test(arguments: nets, TestBackends.processor)
    func centralDifferences(of net: Net, on backend: TestBackend) throws {
        let (n, m, d) = (9, 2, 6)
        let x = RandomArchitecture.inputs(n, d, seed: 21, scale: 0.5...2)
        let z = RandomArchitecture.inputs(m, d, seed: 22, scale: 0.5...2)
        var generator = SeededGenerator(seed: 23)
        let weights = Tensor(shape: [n, 1], elements: generator.numbers(n))
        let step = 1e-3
        // Every coordinate of every point moved by −2, −1, 1 and 2 steps.
        let shifts = [-2.0, -1, 1, 2]
        var moved: [Double] = []
        for i in 0..<m {
            for k in 0..<d {
                for shift in shifts {
                    var point = z[i..<i + 1].elements
                    point[k] += shift * step
                    moved += point
                }
            }
        }
        let backend = try backend.make()
        let training = try backend.prepare(net.architecture.program(channels: d), inputs: x, .float64)
        for kind in CovarianceKind.allCases {
            let predictor = try KernelPredictor(kind, training: training, weights: weights, backend: backend)
            let f = try predictor.predictions(at: Tensor(shape: [m * d * 4, d], elements: moved)).elements
            let wanted = (0..<m * d).map {
                (f[4 * $0] - 8 * f[4 * $0 + 1] + 8 * f[4 * $0 + 2] - f[4 * $0 + 3]) / (12 * step)
            }
            let found = try predictor.gradients(at: z).elements
            #expect(Distance.relative(found, to: wanted) <= Tolerance.centralDifference, "\(kind)")
        }
    }

    /// Without bias ∇Θ(a x, b y) = b ∇Θ(x, y); powers of two change no digit.
    @Test(arguments: [1, 3], TestBackends.processor)
    func withoutBiasGradientsScale(points: Int, on backend: TestBackend) throws {
        let program = try Architecture.fc(depth: 2, activation: LeakyRelu(alpha: 0.1), biasStd: 0).program(channels: 6)
        let x = RandomArchitecture.inputs(9, 6, seed: 24)
        let z = RandomArchitecture.inputs(points, 6, seed: 25)
        let ones = Tensor(shape: [9, 1], repeating: 1.0)
        let backend = try backend.make()
        for precision in Precision.allCases {
            func gradients(_ a: Double, _ b: Double) throws -> [Double] {
                let training = try backend.prepare(program, inputs: x.map { b * $0 }, precision)
                let predictor = try KernelPredictor(.ntk, training: training, weights: ones, backend: backend)
                return try predictor.gradients(at: z.map { a * $0 }).elements
            }
            let plain = try gradients(1, 1)
            for (a, b) in [(0x1p40, 0x1p-40), (0x1p-40, 1), (0x1p20, 0x1p40)] {
                #expect(try gradients(a, b) == plain.map { b * $0 }, "\(a), \(b), \(precision)")
            }
        }
    }

    /// With predictions or without them, dense and on planes; few points and more take ways of their own.
    @Test(arguments: [1, 9], TestBackends.all)
    func gradientsAloneAreThoseBesidePredictions(points: Int, on backend: TestBackend) throws {
        let backend = try backend.make()
        for side in [1, 4] {
            let conv = Conv(filter: (3, 3), weightStd: 2.0.squareRoot(), biasStd: 0.1)
            let head: [any Layer] = side == 1 ? [] : [conv, Relu(), conv, Relu()]
            let program = try Architecture(head + Architecture.fc(depth: 1).layers).program(
                height: side, width: side, channels: 3)
            let x = RandomArchitecture.inputs(20, side * side * 3, seed: 26).reshaped([20, side, side, 3])
            let z = RandomArchitecture.inputs(points, side * side * 3, seed: 27)
            var generator = SeededGenerator(seed: 28)
            let weights = Tensor(shape: [20, 2], elements: generator.numbers(40))
            let cotangents = Tensor(shape: [points, 2], elements: generator.numbers(2 * points))
            for precision in Precision.allCases {
                let training = try backend.prepare(program, inputs: x, precision)
                let predictor = try KernelPredictor(.ntk, training: training, weights: weights, backend: backend)
                let buffer = try backend.upload(z.elements, as: precision)
                let wanted = try backend.download(
                    predictor.linearized(buffer, count: points).inputGradient(cotangents: cotangents))
                let found = try backend.download(
                    predictor.inputGradient(buffer, count: points, cotangents: cotangents))
                let bound = precision == .float64 ? 1e-13 : 2e-6
                #expect(Distance.relative(found, to: wanted) <= bound, "side \(side), \(precision)")
            }
        }
    }
}

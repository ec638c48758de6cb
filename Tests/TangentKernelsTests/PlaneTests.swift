import CPUBackend
import Compute
import TangentKernels
import TestSupport
import Testing

/// Convolutional nets beyond the reference cases: what must hold of any of them.
struct PlaneTests {
    struct Net: Sendable, CustomStringConvertible {
        let description: String
        let layers: [any Layer]

        init(_ description: String, _ layers: [any Layer]) {
            self.description = description
            self.layers = layers
        }

        func program() throws -> CovarianceProgram {
            try Architecture(layers).program(height: 6, width: 5, channels: 2)
        }
    }

    static let dense = Dense(weightStd: 1.3, biasStd: 0.2)

    static func conv(
        _ height: Int, _ width: Int, stride: (Int, Int) = (1, 1), _ padding: Padding = .same, bias: Double = 0.1
    ) -> Conv {
        Conv(filter: (height, width), stride: stride, padding: padding, weightStd: 1.2, biasStd: bias)
    }

    static let nets = [
        Net("flatten", [conv(3, 3), Relu(), conv(3, 3), Relu(), Flatten(), dense]),
        Net("even filter and stride", [conv(2, 4), Erf(), conv(3, 2, stride: (2, 1)), Relu(), GlobalAvgPool(), dense]),
        Net("valid", [conv(2, 3, .valid), Gelu(), conv(2, 2, .valid), LeakyRelu(alpha: 0.2), GlobalAvgPool(), dense]),
        Net("circular", [conv(3, 3, .circular), Relu(), conv(2, 3, .circular), Relu(), GlobalAvgPool(), dense]),
        Net("conv behind conv", [conv(3, 3), conv(1, 3), Relu(), Flatten(), dense, dense]),
        Net(
            "pool, then flatten",
            [conv(3, 3), Relu(), AvgPool(window: (2, 2), stride: (2, 1)), conv(3, 3), Erf(), Flatten(), dense]),
        Net(
            "two pools",
            [
                conv(3, 3), Relu(), AvgPool(window: (2, 1), stride: (2, 1)), Relu(), conv(3, 3), Relu(),
                SumPool(window: (3, 2), stride: (1, 1)), conv(1, 1), Relu(), GlobalAvgPool(), dense,
            ]),
        Net(
            "residual with a stride",
            [
                conv(3, 3),
                Residual(
                    main: [Relu(), conv(3, 3, stride: (2, 2)), LayerNorm(eps: 0.1), Relu(), conv(3, 3)],
                    shortcut: [conv(1, 1, stride: (2, 2))]),
                Relu(), GlobalAvgPool(), dense,
            ]),
        Net("dense layers behind flatten", [conv(3, 3), Relu(), Flatten(), dense, Relu(), dense, Gelu(), dense]),
        Net(
            "a residual behind a pool",
            [
                conv(3, 3), Relu(), AvgPool(window: (2, 2), stride: (2, 1)), conv(3, 3), LeakyRelu(alpha: 0.2),
                GlobalAvgPool(), dense, LayerNorm(eps: 0.1), Residual(main: [Relu(), dense], shortcut: [dense]), Erf(),
                dense,
            ]),
        Net(
            "a pool in each branch",
            [
                conv(3, 3), Relu(),
                Residual(
                    main: [conv(3, 3), Relu(), AvgPool(window: (2, 2), stride: (2, 2)), conv(2, 2)],
                    shortcut: [
                        Residual(
                            main: [Erf(), AvgPool(window: (2, 2), stride: (2, 2))],
                            shortcut: [conv(1, 1), SumPool(window: (2, 2), stride: (2, 2))])
                    ]),
                Relu(), GlobalAvgPool(), dense, Relu(), dense,
            ]),
        Net(
            "pools cut at the border",
            [
                conv(3, 3), Relu(), AvgPool(window: (3, 2), stride: (2, 2), padding: .same), conv(3, 3), Relu(),
                SumPool(window: (2, 3), stride: (1, 1), padding: .same), Relu(), Flatten(), dense,
            ]),
        Net(
            "circular with pools",
            [
                conv(3, 3, .circular), Relu(), AvgPool(window: (2, 2), stride: (2, 1)), conv(3, 3, .circular), Relu(),
                AvgPool(window: (2, 3), stride: (2, 2), padding: .circular), Relu(), GlobalAvgPool(), dense, Relu(),
            ]),
        Net(
            "circular, then zeros, then strides that do not close",
            [
                conv(3, 3, .circular), Relu(), conv(3, 3), Relu(), conv(3, 3, stride: (4, 2), .circular), Relu(),
                Residual(main: [conv(2, 2, .circular), Relu(), conv(3, 1)]), Relu(), GlobalAvgPool(), dense,
            ]),
        Net(
            "circular, activation last",
            [conv(3, 3, .circular), Relu(), conv(2, 3, .circular), Relu(), GlobalAvgPool(), dense, Relu()]),
    ]

    private func images(_ count: Int, seed: UInt64) -> Tensor<Double> {
        var generator = SeededGenerator(seed: seed)
        return Tensor(shape: [count, 6, 5, 2], elements: generator.numbers(count * 60))
    }

    private func gram(
        _ net: Net, _ images: Tensor<Double>, _ precision: Precision, threads: Int? = nil, tile: Int? = nil,
        _ kind: CovarianceKind = .ntk
    ) async throws -> Tensor<Double> {
        let assembly = GramAssembly(
            program: try net.program(), precision: precision, backends: [CPUBackend(threads: threads)], tile: tile)
        return try #require(try await assembly.symmetric(images, [kind]).matrices[kind]).tensor()
    }

    /// Central differences of Σ_j c_j Θ(x, x_j), in float64.
    @Test(arguments: nets)
    func gradientsAreDerivatives(of net: Net) throws {
        let backend = CPUBackend()
        let training = images(5, seed: 1)
        let weights = Tensor(shape: [5, 2], elements: [1, -0.5, 0.3, 2, -1, 0.2, 0.7, 0.1, 0.4, -0.6])
        for kind in CovarianceKind.allCases {
            let prepared = try backend.prepare(net.program(), inputs: training, .float64)
            let predictor = try KernelPredictor(kind, training: prepared, weights: weights, backend: backend)
            let point = images(1, seed: 2)
            let gradient = try predictor.gradients(at: point).elements
            for index in stride(from: 0, to: 60, by: 7) {
                var (above, below) = (point, point)
                above.elements[index] += 1e-5
                below.elements[index] -= 1e-5
                let (f, g) = (
                    try predictor.predictions(at: above).elements, try predictor.predictions(at: below).elements
                )
                for output in 0..<2 {
                    let wanted = (f[output] - g[output]) / 2e-5
                    #expect(
                        abs(gradient[output * 60 + index] - wanted) <= Tolerance.secondOrderDifference,
                        "\(kind), input \(index)")
                }
            }
        }
    }

    @Test(arguments: nets)
    func duplicatesEqualTheDiagonal(of net: Net) async throws {
        let few = images(3, seed: 3)
        let zero = [Double](repeating: 0, count: 60)
        let all = Tensor(
            shape: [7, 6, 5, 2], elements: few.elements + few.elements + zero)
        for precision in Precision.allCases {
            let theta = try await gram(net, all, precision).elements
            #expect(theta.allSatisfy { $0.isFinite })
            for i in 0..<3 {
                let diagonal = theta[i * 7 + i]
                let error = abs(theta[(i + 3) * 7 + i] - diagonal) / diagonal
                #expect(error <= Tolerance.duplicate(precision), "\(precision), image \(i)")
            }
        }
    }

    @Test(arguments: nets)
    func threadsAndTilesDecideNothing(of net: Net) async throws {
        let all = images(19, seed: 4)
        for precision in Precision.allCases {
            let whole = try await gram(net, all, precision, threads: 1)
            #expect(try await gram(net, all, precision, threads: 2, tile: 7) == whole)
            #expect(try await gram(net, all, precision, threads: 2, tile: 16) == whole)
        }
    }

    /// Few cotangents, whose records are summed over pairs first, and so many that each pair's is finished before.
    @Test(arguments: nets, [3, 37])
    func severalCotangentsAreOneAtATime(of net: Net, outputs: Int) throws {
        let backend = CPUBackend()
        let training = try backend.prepare(net.program(), inputs: images(18, seed: 5), .float64)
        var generator = SeededGenerator(seed: 6)
        let weights = Tensor(shape: [18, outputs], elements: generator.numbers(18 * outputs))
        let points = images(33, seed: 7)
        let together = try KernelPredictor(.ntk, training: training, weights: weights, backend: backend)
            .gradients(at: points)
        for output in [0, 1, outputs - 1] {
            let column = Tensor(shape: [18, 1], elements: (0..<18).map { weights.elements[$0 * outputs + output] })
            let alone = try KernelPredictor(.ntk, training: training, weights: column, backend: backend)
                .gradients(at: points)
            for i in 0..<33 {
                let first = (i * outputs + output) * 60
                let error = Distance.relative(
                    Array(alone.elements[i * 60..<(i + 1) * 60]), to: Array(together.elements[first..<first + 60]))
                #expect(error <= Tolerance.reordering(18, .float64), "output \(output), point \(i)")
            }
        }
    }

    /// Points in blocks that fit a memory limit have the predictions that they have together, and their gradients.
    @Test(arguments: TestBackends.all)
    func blocksOfPointsDecideNothing(on backend: TestBackend) throws {
        let net = Self.nets[5]
        let points = images(40, seed: 16)
        var generator = SeededGenerator(seed: 17)
        let weights = Tensor(shape: [18, 2], elements: generator.numbers(36))
        for precision in Precision.allCases {
            let backend = try backend.make()
            let training = try backend.prepare(net.program(), inputs: images(18, seed: 15), precision)
            func predictor(_ memoryLimit: Int) throws -> KernelPredictor {
                try KernelPredictor(
                    .ntk, training: training, weights: weights, backend: backend, memoryLimit: memoryLimit)
            }
            let (whole, blocks) = (try predictor(1 << 30), try predictor(18 * 8 * 3))
            #expect(whole.batchSize >= 40 && blocks.batchSize < 10)
            #expect(try blocks.predictions(at: points) == whole.predictions(at: points), "\(precision)")
            // How many points there are decides how a sum over columns is cut.
            let (found, wanted) = (try blocks.gradients(at: points), try whole.gradients(at: points))
            #expect(
                Distance.relative(found.elements, to: wanted.elements) <= Tolerance.reordering(18, precision),
                "\(precision)")
        }
    }

    /// (Σ over a window) = size · (mean over it), and nets without bias are homogeneous.
    @Test func sumsAreScaledMeans() async throws {
        func net(_ pool: any Layer) -> Net {
            Net(
                "pool",
                [Self.conv(3, 3, bias: 0), Relu(), pool, Self.conv(3, 3, bias: 0), Relu(), GlobalAvgPool(), Self.dense])
        }
        let all = images(5, seed: 8)
        let mean = try await gram(net(AvgPool(window: (2, 1), stride: (2, 1))), all, .float64, .nngp)
        let sum = try await gram(net(SumPool(window: (2, 1), stride: (2, 1))), all, .float64, .nngp)
        for (a, b) in zip(mean.elements, sum.elements) {
            // Behind the dense layer: K = w² k + b² with b = 0.2.
            #expect(abs((b - 0.04) - 4 * (a - 0.04)) <= Tolerance.rescaling(.float64) * abs(b))
        }
    }

    @Test func circularNetsWithAGlobalPoolDoNotSeeShifts() async throws {
        let net = Self.nets[3]
        let one = images(1, seed: 9)
        let shifted = (0..<60).map { index in
            let (y, x, c) = (index / 10, index / 2 % 5, index % 2)
            return one.elements[((y + 2) % 6 * 5 + (x + 3) % 5) * 2 + c]
        }
        let theta = try await gram(
            net, Tensor(shape: [2, 6, 5, 2], elements: one.elements + shifted), .float64
        ).elements
        #expect(abs(theta[1] - theta[0]) <= Tolerance.reordering(30, .float64) * theta[0])
        #expect(abs(theta[3] - theta[0]) <= Tolerance.reordering(30, .float64) * theta[0])
    }

    /// A 1 × 1 filter of stride 2 leaves every other pixel, in a net whose displacements wrap around too.
    @Test func stridesOfCircularNets() async throws {
        func theta(_ images: Tensor<Double>, side: Int, stride: Int) async throws -> [Double] {
            let layers: [any Layer] = [
                Self.conv(1, 1, stride: (stride, stride)), Relu(), Self.conv(3, 3, .circular), Relu(),
                GlobalAvgPool(), Self.dense,
            ]
            let assembly = GramAssembly(
                program: try Architecture(layers).program(height: side, width: side, channels: 1),
                precision: .float64, backends: [CPUBackend()])
            return try #require(try await assembly.symmetric(images, [.ntk]).matrices[.ntk]).tensor().elements
        }
        var generator = SeededGenerator(seed: 10)
        let all = Tensor(shape: [3, 8, 8, 1], elements: generator.numbers(192))
        let kept = (0..<48).map { index in
            let (image, y, x) = (index / 16, index / 4 % 4, index % 4)
            return all.elements[image * 64 + y * 16 + x * 2]
        }
        let strided = try await theta(all, side: 8, stride: 2)
        let plain = try await theta(Tensor(shape: [3, 4, 4, 1], elements: kept), side: 4, stride: 1)
        #expect(Distance.relative(strided, to: plain) <= Tolerance.rescaling(.float64))
    }

    private func kernels(
        _ layers: [any Layer], _ rows: Tensor<Double>, _ columns: Tensor<Double>, _ precision: Precision
    ) async throws -> [CovarianceKind: [Double]] {
        let shape = rows.shape
        let assembly = GramAssembly(
            program: try Architecture(layers).program(height: shape[1], width: shape[2], channels: shape[3]),
            precision: precision, backends: [CPUBackend()])
        return try await assembly.rectangular(rows, columns, [.nngp, .ntk]).matrices.mapValues { $0.tensor().elements }
    }

    /// Below the diagonal the symmetric matrix is the rectangular one; above it rows and columns have changed places,
    /// and with them the order of sums.
    @Test(arguments: nets)
    func symmetricIsRectangular(net: Net) async throws {
        let all = images(9, seed: 11)
        for precision in Precision.allCases {
            let rectangle = try await kernels(net.layers, all, all, precision)
            for kind in CovarianceKind.allCases {
                let square = try await gram(net, all, precision, kind).elements
                let other = try #require(rectangle[kind])
                for i in 0..<9 {
                    for j in 0..<9 {
                        if j <= i { #expect(square[i * 9 + j] == other[i * 9 + j], "(\(i), \(j))") }
                        #expect(square[i * 9 + j] == square[j * 9 + i])
                    }
                }
                #expect(Distance.relative(square, to: other) <= Tolerance.reordering(30, precision))
            }
        }
    }

    @Test(arguments: [Flatten() as any Layer, GlobalAvgPool()])
    func withoutBiasTheKernelIsHomogeneous(readOut: any Layer) async throws {
        let free = Dense(weightStd: 1.1, biasStd: 0)
        let layers: [any Layer] = [
            Self.conv(3, 3, bias: 0), Relu(), AvgPool(window: (2, 1), stride: (2, 1)), Self.conv(2, 3, bias: 0),
            LeakyRelu(alpha: 0.3), readOut, free, Relu(), free,
        ]
        let (x, z) = (images(5, seed: 12), images(3, seed: 13))
        for precision in Precision.allCases {
            let plain = try await kernels(layers, z, x, precision)
            // A common power of two changes no digit.
            let scaled = try await kernels(layers, z.map { 0x1p20 * $0 }, x.map { 0x1p20 * $0 }, precision)
            let uneven = try await kernels(layers, z.map { 3 * $0 }, x.map { 0.7 * $0 }, precision)
            for kind in CovarianceKind.allCases {
                let wanted = try #require(plain[kind])
                #expect(scaled[kind] == wanted.map { 0x1p40 * $0 }, "\(kind), \(precision)")
                #expect(
                    Distance.relative(try #require(uneven[kind]), to: wanted.map { 2.1 * $0 })
                        <= Tolerance.rescaling(precision), "\(kind), \(precision)")
            }
        }
    }

    /// A filter as large as the image makes a dense layer of it, and filters on one pixel are dense layers.
    @Test(arguments: [Flatten() as any Layer, GlobalAvgPool()])
    func convolutionsOnOnePixelAreDense(readOut: any Layer) async throws {
        func conv(_ height: Int, _ width: Int) -> Conv { Self.conv(height, width, .valid, bias: 0.2) }
        let like = Dense(weightStd: 1.2, biasStd: 0.2)
        let planes: [any Layer] = [
            conv(6, 5), Relu(), conv(1, 1), Erf(), Residual(main: [conv(1, 1), Gelu()]), readOut, like, Abs(), like,
        ]
        let scalar: [any Layer] = [
            Flatten(), like, Relu(), like, Erf(), Residual(main: [like, Gelu()]), like, Abs(), like,
        ]
        let (x, z) = (images(5, seed: 14), images(3, seed: 15))
        for precision in Precision.allCases {
            let (found, wanted) = (
                try await kernels(planes, z, x, precision), try await kernels(scalar, z, x, precision)
            )
            for kind in CovarianceKind.allCases {
                #expect(
                    Distance.relative(try #require(found[kind]), to: try #require(wanted[kind]))
                        <= Tolerance.rescaling(precision), "\(kind), \(precision)")
                #expect(
                    Distance.relative(
                        try gradients(planes, at: z, x, kind, precision),
                        to: try gradients(scalar, at: z, x, kind, precision))
                        <= Tolerance.gradient(precision), "\(kind), \(precision)")
            }
        }
    }

    private func gradients(
        _ layers: [any Layer], at points: Tensor<Double>, _ training: Tensor<Double>, _ kind: CovarianceKind,
        _ precision: Precision
    ) throws -> [Double] {
        let backend = CPUBackend()
        let program = try Architecture(layers).program(height: 6, width: 5, channels: 2)
        let prepared = try backend.prepare(program, inputs: training, precision)
        let ones = Tensor(shape: [training.count, 1], repeating: 1.0)
        return try KernelPredictor(kind, training: prepared, weights: ones, backend: backend).gradients(at: points)
            .elements
    }
}

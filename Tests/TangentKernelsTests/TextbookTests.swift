import Compute
import TangentKernels
import TestSupport
import Testing

/// Random nets against the textbook recursion in plain Double.
@Suite struct TextbookTests {
    @Test(arguments: 0..<40 as Range<UInt64>, TestBackends.processor)
    func kernels(seed: UInt64, on backend: TestBackend) async throws {
        let net = RandomArchitecture.dense(seed: seed)
        let x = RandomArchitecture.inputs(19, 11, seed: seed)
        for precision in Precision.allCases {
            let assembly = GramAssembly(
                program: try net.program(channels: 11), precision: precision, backends: [try backend.make()])
            let matrices = try await assembly.symmetric(x, [.nngp, .ntk]).matrices
            let nngp = try #require(matrices[.nngp])
            let ntk = try #require(matrices[.ntk])
            // The scale of the diagonal; its exact value stands in IdentityTests.
            let scale = (0..<19).map { ntk[$0, $0].squareRoot() }
            var error = 0.0
            for i in 0..<19 {
                for j in 0..<i {
                    let plain = try PlainCovariance.of(net, x[i..<i + 1].elements, x[j..<j + 1].elements)
                    error = max(error, abs(ntk[i, j] - plain.t) / (scale[i] * scale[j]))
                    error = max(error, abs(nngp[i, j] - plain.k) / (plain.q1 * plain.q2).squareRoot())
                }
            }
            #expect(error <= Tolerance.textbook(precision), "\(precision)")
        }
    }

    @Test(arguments: 0..<40 as Range<UInt64>, TestBackends.processor)
    func predictionsOfTheLinearization(seed: UInt64, on backend: TestBackend) throws {
        let net = RandomArchitecture.dense(seed: seed)
        let x = RandomArchitecture.inputs(7, 5, seed: seed)
        let z = RandomArchitecture.inputs(3, 5, seed: seed + 1000)
        let identity = Tensor(shape: [7, 7], elements: (0..<49).map { $0 % 8 == 0 ? 1.0 : 0.0 })
        let backend = try backend.make()
        let training = try backend.prepare(net.program(channels: 5), inputs: x, .float64)
        for kind in CovarianceKind.allCases {
            let predictor = try KernelPredictor(kind, training: training, weights: identity, backend: backend)
            let found = try predictor.predictions(at: z)
            var wanted: [Double] = []
            for i in 0..<3 {
                for j in 0..<7 {
                    let plain = try PlainCovariance.of(net, z[i..<i + 1].elements, x[j..<j + 1].elements)
                    wanted.append(kind == .ntk ? plain.t : plain.k)
                }
            }
            #expect(Distance.relative(found.elements, to: wanted) <= Tolerance.textbook(.float64), "\(kind)")
        }
    }

    /// As many residual blocks inside each other as the planner lets through.
    @Test(arguments: TestBackends.processor)
    func theDeepestNesting(on backend: TestBackend) async throws {
        let dense = Dense(weightStd: 0.8, biasStd: 0.1)
        let nested = (0..<7).reduce([Relu() as any Layer, dense]) { inner, depth in
            [Residual(main: inner + [dense], shortcut: depth % 2 == 0 ? [] : [Erf(), dense]), Relu()]
        }
        let net = Architecture([dense] + nested + [dense])
        let x = RandomArchitecture.inputs(5, 4, seed: 12)
        let assembly = GramAssembly(
            program: try net.program(channels: 4), precision: .float64, backends: [try backend.make()])
        let ntk = try #require(try await assembly.symmetric(x, [.ntk]).matrices[.ntk])
        for i in 0..<5 {
            for j in 0..<i {
                let plain = try PlainCovariance.of(net, x[i..<i + 1].elements, x[j..<j + 1].elements)
                let scale = (ntk[i, i] * ntk[j, j]).squareRoot()
                #expect(abs(ntk[i, j] - plain.t) <= Tolerance.textbook(.float64) * scale)
            }
        }
    }

    private static let side = (height: 5, width: 4, channels: 3)

    private func plain(_ net: Architecture, _ x: [Double], _ y: [Double]) throws -> PlainCovariance {
        try PlainImageCovariance.of(
            net, x, y, height: Self.side.height, width: Self.side.width, channels: Self.side.channels)
    }

    private func program(_ net: Architecture) throws -> CovarianceProgram {
        try net.program(height: Self.side.height, width: Self.side.width, channels: Self.side.channels)
    }

    @Test(arguments: 0..<40 as Range<UInt64>, TestBackends.processor)
    func kernelsOfImages(seed: UInt64, on backend: TestBackend) async throws {
        let net = RandomArchitecture.convolutional(seed: seed, height: 5, width: 4, channels: 3)
        let x = RandomArchitecture.inputs(4, 60, seed: seed)
        let wanted = try (0..<16).map { index in
            let (i, j) = (index / 4, index % 4)
            return try plain(net, x[i..<i + 1].elements, x[j..<j + 1].elements)
        }
        for precision in Precision.allCases {
            let assembly = GramAssembly(
                program: try program(net), precision: precision, backends: [try backend.make()])
            let matrices = try await assembly.symmetric(x, [.nngp, .ntk]).matrices
            for kind in CovarianceKind.allCases {
                let found = try #require(matrices[kind])
                func value(_ i: Int, _ j: Int) -> Double { kind == .ntk ? wanted[i * 4 + j].t : wanted[i * 4 + j].k }
                func error(_ i: Int, _ j: Int) -> Double {
                    abs(found[i, j] - value(i, j)) / (value(i, i) * value(j, j)).squareRoot()
                }
                for i in 0..<4 {
                    // In the plain recursion k and q of an image with itself may differ by an ulp.
                    #expect(
                        error(i, i)
                            <= max(Tolerance.textbookOfImages(precision), Tolerance.referenceDiagonal(precision)),
                        "\(kind), \(precision)")
                    for j in 0..<i {
                        #expect(error(i, j) <= Tolerance.textbookOfImages(precision), "\(kind), \(precision)")
                    }
                }
            }
        }
    }

    /// Directional derivatives by differences of the plain recursion.
    @Test(arguments: 0..<40 as Range<UInt64>, TestBackends.processor)
    func gradientsOfImages(seed: UInt64, on backend: TestBackend) throws {
        let net = RandomArchitecture.convolutional(seed: seed, height: 5, width: 4, channels: 3)
        let x = RandomArchitecture.inputs(3, 60, seed: seed)
        let z = RandomArchitecture.inputs(1, 60, seed: seed + 1000)
        var generator = SeededGenerator(seed: seed)
        let (weights, direction) = (generator.numbers(3), generator.numbers(60))
        let backend = try backend.make()
        let training = try backend.prepare(program(net), inputs: x, .float64)
        let step = 5e-4
        let along = try [-2.0, -1, 1, 2].map { shift in
            let point = zip(z.elements, direction).map { $0 + shift * step * $1 }
            return try (0..<3).reduce(into: (k: 0.0, t: 0.0)) { sum, j in
                let pair = try plain(net, point, x[j..<j + 1].elements)
                sum = (sum.k + weights[j] * pair.k, sum.t + weights[j] * pair.t)
            }
        }
        for kind in CovarianceKind.allCases {
            let f = along.map { kind == .ntk ? $0.t : $0.k }
            let wanted = (f[0] - 8 * f[1] + 8 * f[2] - f[3]) / (12 * step)
            let predictor = try KernelPredictor(
                kind, training: training, weights: Tensor(shape: [3, 1], elements: weights), backend: backend)
            let gradient = try predictor.gradients(at: z).elements
            let found = zip(gradient, direction).reduce(0) { $0 + $1.0 * $1.1 }
            let scale = zip(gradient, direction).reduce(0) { $0 + abs($1.0 * $1.1) }
            #expect(abs(found - wanted) <= Tolerance.directionalDifference * scale, "\(kind)")
        }
    }
}

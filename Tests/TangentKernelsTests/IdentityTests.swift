import CPUBackend
import Compute
import Inference
import TangentKernels
import TestSupport
import Testing

/// What must hold whatever the numbers: cutting into tiles, symmetry, several devices, scale.
@Suite struct IdentityTests {
    private static let n = 70
    private static let d = 13

    static let nets: [GradientTests.Net] = [
        .init("fc", Architecture.fc(depth: 3).layers),
        .init("fc without bias", Architecture.fc(depth: 2, weightStd: 1, biasStd: 0).layers),
        .init("random, smooth", Architecture.fc(depth: 2, activation: Gelu()).layers + [Erf()]),
        .init("residual", RandomArchitecture.dense(seed: 11).layers),
    ]

    /// Random vectors with a duplicate, a negative, a multiple and zero among them.
    private static let inputs: Tensor<Double> = {
        var x = RandomArchitecture.inputs(n, d, seed: 31)
        for k in 0..<d {
            x.elements[20 * d + k] = x.elements[3 * d + k]
            x.elements[40 * d + k] = -x.elements[3 * d + k]
            x.elements[41 * d + k] = 4 * x.elements[3 * d + k]
            x.elements[69 * d + k] = 0
        }
        return x
    }()

    private func symmetric(
        _ net: GradientTests.Net, _ x: Tensor<Double>, _ precision: Precision, _ backends: [any Backend],
        tile: Int? = nil
    ) async throws -> [CovarianceKind: [Double]] {
        let assembly = GramAssembly(
            program: try net.architecture.program(channels: x.stride), precision: precision, backends: backends,
            tile: tile)
        return try await assembly.symmetric(x, [.nngp, .ntk]).matrices.mapValues { $0.tensor().elements }
    }

    private func rectangular(
        _ net: GradientTests.Net, _ z: Tensor<Double>, _ x: Tensor<Double>, _ precision: Precision,
        _ backends: [any Backend], tile: Int? = nil
    ) async throws -> [CovarianceKind: [Double]] {
        let assembly = GramAssembly(
            program: try net.architecture.program(channels: x.stride), precision: precision, backends: backends,
            tile: tile)
        return try await assembly.rectangular(z, x, [.nngp, .ntk]).matrices.mapValues { $0.tensor().elements }
    }

    @Test(arguments: nets, TestBackends.processor)
    func tiledIsUntiled(net: GradientTests.Net, on backend: TestBackend) async throws {
        let z = RandomArchitecture.inputs(18, Self.d, seed: 32)
        for precision in Precision.allCases {
            let whole = try await symmetric(net, Self.inputs, precision, [backend.make()], tile: Self.n)
            let rectangle = try await rectangular(net, z, Self.inputs, precision, [backend.make()], tile: Self.n)
            for tile in [1, 7, 16, 64] {
                let cut = try await symmetric(net, Self.inputs, precision, [backend.make()], tile: tile)
                let isSame = cut == whole
                #expect(isSame, "symmetric, tile \(tile), \(precision)")
                let pieces = try await rectangular(net, z, Self.inputs, precision, [backend.make()], tile: tile)
                let areSame = pieces == rectangle
                #expect(areSame, "rectangular, tile \(tile), \(precision)")
            }
        }
    }

    /// Sizes beyond what a backend takes into one product. Products stay below 2^18 multiplications, from which on
    /// OpenBLAS uses the threads that a solve elsewhere in this process may have given it.
    @Test(arguments: Precision.allCases, TestBackends.processor)
    func tiledIsUntiledAcrossBlocks(precision: Precision, on backend: TestBackend) async throws {
        let net = GradientTests.Net("fc", Architecture.fc(depth: 1).layers)
        let many = RandomArchitecture.inputs(530, 12, seed: 36)
        let few = RandomArchitecture.inputs(40, 12, seed: 37)
        let flat = RandomArchitecture.inputs(530, 2, seed: 38)
        let wide = try await rectangular(net, few, many, precision, [backend.make()], tile: 530)
        let tall = try await rectangular(net, many, few, precision, [backend.make()], tile: 530)
        let whole = try await symmetric(net, flat, precision, [backend.make()], tile: 530)
        for tile in [97, 256, 300] {
            let isWide = try await rectangular(net, few, many, precision, [backend.make()], tile: tile) == wide
            let isTall = try await rectangular(net, many, few, precision, [backend.make()], tile: tile) == tall
            let isWhole = try await symmetric(net, flat, precision, [backend.make()], tile: tile) == whole
            #expect(isWide && isTall && isWhole, "tile \(tile)")
        }
    }

    @Test(arguments: nets, TestBackends.processor)
    func symmetricIsRectangular(net: GradientTests.Net, on backend: TestBackend) async throws {
        for precision in Precision.allCases {
            let one = try await symmetric(net, Self.inputs, precision, [backend.make()])
            let other = try await rectangular(net, Self.inputs, Self.inputs, precision, [backend.make()])
            for kind in CovarianceKind.allCases {
                let (a, b) = (try #require(one[kind]), try #require(other[kind]))
                // Below the diagonal; above it the symmetric matrix is a mirror, while a BLAS need not be symmetric.
                #expect(
                    (0..<a.count).allSatisfy { $0 % Self.n >= $0 / Self.n || a[$0] == b[$0] }, "\(kind), \(precision)")
                #expect((0..<a.count).allSatisfy { a[$0] == a[$0 % Self.n * Self.n + $0 / Self.n] }, "\(kind)")
            }
        }
    }

    @Test(arguments: nets, TestBackends.processor)
    func severalDevicesGiveTheSameBits(net: GradientTests.Net, on backend: TestBackend) async throws {
        let one = try await symmetric(net, Self.inputs, .float32, [backend.make()], tile: 16)
        let two = try await symmetric(net, Self.inputs, .float32, [backend.make(), backend.make()], tile: 16)
        #expect(one == two)
    }

    @Test(arguments: nets, TestBackends.processor)
    func positiveSemidefinite(net: GradientTests.Net, on backend: TestBackend) async throws {
        let program = try net.architecture.program(channels: Self.d)
        for precision in Precision.allCases {
            let assembly = GramAssembly(program: program, precision: precision, backends: [try backend.make()])
            for (kind, matrix) in try await assembly.symmetric(Self.inputs, [.nngp, .ntk]).matrices {
                let eigenvalues = try Spectrum(of: matrix).eigenvalues
                let smallest = try #require(eigenvalues.last)
                #expect(
                    smallest >= -Tolerance.negativeEigenvalue(precision) * eigenvalues[0], "\(kind), \(precision)")
            }
        }
    }

    /// With k = q on the diagonal nothing of the angle is left: the variances alone say Θ(x, x).
    @Test(arguments: nets, TestBackends.processor)
    func theDiagonalIsExact(net: GradientTests.Net, on backend: TestBackend) async throws {
        let found = try await symmetric(net, Self.inputs, .float64, [backend.make()])
        for i in 0..<Self.n {
            let x = Self.inputs[i..<i + 1].elements
            let plain = try PlainCovariance.of(net.architecture, x, x)
            let (nngp, ntk) = (found[.nngp]?[i * (Self.n + 1)], found[.ntk]?[i * (Self.n + 1)])
            #expect(abs(try #require(nngp) - plain.q1) <= Tolerance.textbook(.float64) * plain.q1)
            // q₁q₂ − k² of equal numbers is exactly zero in the plain recursion, unless an activation made k and q
            // by different formulas.
            #expect(abs(try #require(ntk) - plain.t) <= Tolerance.referenceDiagonal(.float64) * plain.t)
        }
    }

    @Test(arguments: TestBackends.processor)
    func theDiagonalOfAReluNetIsCountable(on backend: TestBackend) async throws {
        // W² = 2, b = 0: q stays the input's, and Θ(x, x) = (depth + 1) q · 2.
        let net = GradientTests.Net("fc", Architecture.fc(depth: 3, biasStd: 0).layers)
        let x = Tensor<Double>(shape: [2, 4], elements: [1, 1, 1, 1, 2, 0, 0, 0])
        for precision in Precision.allCases {
            let ntk = try #require(try await symmetric(net, x, precision, [backend.make()])[.ntk])
            #expect(abs(ntk[0] - 8) <= 8 * 4 * precision.epsilon)
            #expect(abs(ntk[3] - 8) <= 8 * 4 * precision.epsilon)
        }
    }

    @Test(arguments: [Relu() as any Layer, LeakyRelu(alpha: 0.3), Abs(), Identity()], TestBackends.processor)
    func withoutBiasTheKernelIsHomogeneous(activation: any Layer, on backend: TestBackend) async throws {
        let net = GradientTests.Net(
            "fc", Architecture.fc(depth: 3, activation: activation, weightStd: 1.1, biasStd: 0).layers)
        let x = RandomArchitecture.inputs(9, 6, seed: 33)
        let z = RandomArchitecture.inputs(4, 6, seed: 34)
        for precision in Precision.allCases {
            let plain = try await rectangular(net, z, x, precision, [backend.make()])
            // Powers of two change no digit.
            for (a, b) in [(0x1p40, 0x1p-40), (0x1p-40, 0x1p-40), (0x1p40, 0x1p20)] {
                let scaled = try await rectangular(
                    net, z.map { a * $0 }, x.map { b * $0 }, precision, [backend.make()])
                for kind in CovarianceKind.allCases {
                    #expect(scaled[kind] == plain[kind]?.map { a * b * $0 }, "\(kind), \(precision), \(a), \(b)")
                }
            }
            let scaled = try await rectangular(
                net, z.map { 3 * $0 }, x.map { 0.7 * $0 }, precision, [backend.make()])
            for kind in CovarianceKind.allCases {
                let wanted = try #require(plain[kind]).map { 2.1 * $0 }
                #expect(
                    Distance.relative(try #require(scaled[kind]), to: wanted) <= Tolerance.rescaling(precision))
            }
        }
    }

    @Test(arguments: TestBackends.processor)
    func identityLayersChangeNothing(on backend: TestBackend) async throws {
        let (a, b) = (Dense(weightStd: 1.2, biasStd: 0.3), Dense(weightStd: 0.9, biasStd: 0))
        let with = GradientTests.Net("with", [Identity(), a, Identity(), Relu(), Identity(), b, Identity()])
        let without = GradientTests.Net("without", [a, Relu(), b])
        for precision in Precision.allCases {
            let found = try await symmetric(with, Self.inputs, precision, [backend.make()])
            #expect(try await symmetric(without, Self.inputs, precision, [backend.make()]) == found)
        }
    }

    /// Layer normalisation at the input makes the covariances those of inputs of unit variance.
    @Test(arguments: TestBackends.processor)
    func normalisedInputsHaveNoScale(on backend: TestBackend) async throws {
        let net = GradientTests.Net("layer_norm", [LayerNorm(eps: 0)] + Architecture.fc(depth: 2).layers)
        let x = RandomArchitecture.inputs(8, 5, seed: 35)
        for precision in Precision.allCases {
            let plain = try await symmetric(net, x, precision, [backend.make()])
            let scaled = try await symmetric(net, x.map { 0x1p30 * $0 }, precision, [backend.make()])
            #expect(scaled == plain)
        }
        let nngp = try #require(
            try await symmetric(
                .init("layer_norm last", [Dense(weightStd: 1, biasStd: 1), LayerNorm(eps: 0)]), x, .float64,
                [backend.make()])[.nngp])
        for i in 0..<8 { #expect(abs(nngp[i * 9] - 1) <= 4 * Double.ulpOfOne) }
    }
}

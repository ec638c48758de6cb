import Compute
import TangentKernels
import TestSupport
import Testing

/// Random dense nets against the textbook recursion in plain Double.
@Suite struct TextbookTests {
    @Test(arguments: 0..<40 as Range<UInt64>, TestBackends.all)
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

    @Test(arguments: 0..<40 as Range<UInt64>, TestBackends.all)
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
    @Test(arguments: TestBackends.all)
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
}

import CPUBackend
import Compute
import Synchronization
import TangentKernels
import TestSupport
import Testing

@testable import OpenCLBackend

/// Convolutional nets on OpenCL against the CPU backend, in both forms of the kernels.
///
/// On a processor the group form has one work-item per group; under `oclgrind`, which takes itself for a GPU, it has 64.
@Suite(.needsOpenCL, .serialized)
struct PlanesTests {
    /// A net on planes and its name.
    struct Net: Sendable, CustomStringConvertible {
        let description: String
        let program: CovarianceProgram
    }

    /// One backend per form for all tests, because every one builds its programs anew. Tests run one by one.
    private static let backends = Mutex<[CovarianceForm: OpenCLBackend]>([:])

    private static func backend(_ form: CovarianceForm) throws -> OpenCLBackend {
        try backends.withLock { backends in
            if let known = backends[form] { return known }
            let made = try CovarianceCases.backend(form)
            backends[form] = made
            return made
        }
    }

    /// Every one fits its images: that is what its maker looks for.
    private static let random = (0..<20).compactMap { seed -> Net? in
        let net = RandomArchitecture.convolutional(seed: UInt64(seed), height: 6, width: 5, channels: 2)
        guard let program = try? net.program(height: 6, width: 5, channels: 2), program.geometry != .scalar else {
            return nil
        }
        return Net(description: "random net \(seed)", program: program)
    }

    private static let flat: [any Layer] = [conv, Relu(), conv, Relu(), Flatten(), dense]
    private static let pooled: [any Layer] = [
        conv, Relu(), AvgPool(window: (2, 1), stride: (2, 1)), conv, Relu(), GlobalAvgPool(), dense,
    ]
    private static let conv = Conv(filter: (3, 3), weightStd: 1.4, biasStd: 0)
    private static let dense = Dense(weightStd: 1.2, biasStd: 0.1)

    private static func program(_ layers: [any Layer]) throws -> CovarianceProgram {
        try Architecture(layers).program(height: 6, width: 5, channels: 2)
    }

    /// Images with a black border and column, a duplicate and a black image. No negatives: planes carry the difference of
    /// two images, at whose largest the angle has half of the digits on either backend.
    /// Where a net divides by √(variance + 1e-12), no black image either: the covariance with it is 0, and what rounding
    /// leaves of it grows by 1e6 on either backend.
    private static func images(_ count: Int, for program: CovarianceProgram, seed: UInt64) -> [Double] {
        let hasBlack = !program.steps.contains(.layerNorm(eps: 1e-12))
        let (input, size) = (program.input, program.input.count)
        var x = CovarianceCases.random(count, size, seed: seed)
        for i in 0..<count {
            for k in 0..<size where k < input.width * input.channels || k / input.channels % input.width == 0 {
                x[i * size + k] = 0
            }
        }
        for k in 0..<size {
            if count > 1 { x[size + k] = x[k] }
            if count > 2 && hasBlack { x[2 * size + k] = 0 }
        }
        return x
    }

    private static func compareGram(
        _ backend: OpenCLBackend, _ program: CovarianceProgram, _ precision: Precision, rows: Int, columns: Int,
        _ name: String = ""
    ) throws {
        let (x, z) = (images(rows, for: program, seed: 1), images(columns, for: program, seed: 2))
        func run(_ backend: any Backend) throws -> [CovarianceKind: HostMatrix] {
            try backend.matrices(
                rows: backend.prepared(program, x, precision), columns: backend.prepared(program, z, precision))
        }
        let (result, expected) = (try run(backend), try run(CPUBackend()))
        for kind in CovarianceKind.allCases {
            let error = CovarianceCases.error(
                try #require(result[kind]).tensor().elements, try #require(expected[kind]).tensor().elements)
            #expect(error <= precision.valueBound, "\(name) \(kind) \(precision) \(rows) × \(columns)")
        }
    }

    @Test(arguments: CovarianceForm.allCases, random)
    func everyNet(form: CovarianceForm, net: Net) throws {
        let backend = try Self.backend(form)
        for precision in Machine.precisions(of: backend) {
            try Self.compareGram(backend, net.program, precision, rows: 5, columns: 7)
            try Self.compareGradients(backend, net.program, precision, rows: 2, columns: 7, count: 1)
            try Self.compareGradients(backend, net.program, precision, rows: 2, columns: 7, count: 3)
        }
    }

    private struct SmallNet: Sendable, CustomStringConvertible {
        let description: String
        let layers: [any Layer]
        let height: Int
        let width: Int
    }

    private static let smallNets = [
        // More pixels than a group has work-items.
        SmallNet(description: "flatten", layers: flat, height: 9, width: 8),
        SmallNet(
            description: "pools",
            layers: [
                conv, Relu(), AvgPool(window: (2, 2), stride: (2, 1), padding: .same),
                Residual(main: [conv, Relu()], shortcut: [AvgPool(window: (1, 1), stride: (1, 1))]), GlobalAvgPool(),
                dense, Relu(), dense,
            ], height: 4, width: 3),
        SmallNet(
            description: "circular",
            layers: [Conv(filter: (3, 3), padding: .circular, weightStd: 1.4, biasStd: 0.1), Relu(), GlobalAvgPool()],
            height: 3, width: 3),
    ]

    /// A few pairs through every kernel: what `make oclgrind` runs, for which a millisecond takes a minute.
    @Test(arguments: CovarianceForm.allCases, smallNets)
    private func fewPairs(form: CovarianceForm, net: SmallNet) throws {
        let backend = try Self.backend(form)
        let program = try Architecture(net.layers).program(height: net.height, width: net.width, channels: 1)
        try Self.compareGram(backend, program, .float32, rows: 1, columns: 3)
        // From 32 cotangents on records are finished pair by pair, where they are at all.
        let tables = PlanesTables(PlanesPlan(program))
        let counts = [1, 2, 32].filter { $0 < 32 || tables.finishesPairs(cotangents: $0) }
        for count in counts {
            try Self.compareGradients(backend, program, .float32, rows: 1, columns: 2, count: count)
        }
    }

    /// 1, a prime, and sizes around a panel of the vector form and a block of the group form's records.
    @Test(arguments: CovarianceForm.allCases)
    func everySize(form: CovarianceForm) throws {
        let backend = try Self.backend(form)
        let program = try Self.program(Self.flat)
        for precision in Machine.precisions(of: backend) {
            for size in [1, 7, 15, 16, 17, 35] {
                try Self.compareGram(backend, program, precision, rows: size, columns: size)
                try Self.compareGradients(backend, program, precision, rows: 3, columns: size, count: 2)
                try Self.compareGradients(backend, program, precision, rows: size, columns: 3, count: size)
            }
        }
    }

    /// Entries at and below the diagonal, whatever the tile; the mirror; duplicates equal the diagonal.
    @Test(arguments: CovarianceForm.allCases)
    func symmetricIsRectangular(form: CovarianceForm) throws {
        let backend = try Self.backend(form)
        for layers in [Self.flat, Self.pooled] {
            let program = try Self.program(layers)
            for precision in Machine.precisions(of: backend) {
                let x = Self.images(21, for: program, seed: 3)
                let inputs = try backend.prepared(program, x, precision)
                let whole = try backend.matrices(rows: inputs, columns: backend.prepared(program, x, precision))
                for tile in [Int.max, 16, 6] {
                    let symmetric = try backend.matrices(rows: inputs, columns: inputs, tile: tile)
                    for kind in CovarianceKind.allCases {
                        let (a, b) = (try #require(symmetric[kind]), try #require(whole[kind]))
                        var isSame = true
                        for i in 0..<21 {
                            for j in 0...i { isSame = isSame && a[i, j] == b[i, j] && a[j, i] == a[i, j] }
                        }
                        #expect(isSame, "\(kind) \(precision) tile \(tile)")
                        #expect(a[1, 0] == a[0, 0] && a[1, 1] == a[0, 0], "\(kind) \(precision)")
                    }
                }
            }
        }
    }

    /// Images whose tables do not fit one buffer: the same bits as where they do, for rows and columns in any table.
    @Test(arguments: CovarianceForm.allCases)
    func tablesOfManyBuffers(form: CovarianceForm) throws {
        let whole = try Self.backend(form)
        let split = try OpenCLBackend(Machine.device(), form: form, maximumAllocation: 2 << 20, cache: nil)
        let program = try Self.program(Self.flat)
        for precision in Machine.precisions(of: whole) {
            let x = Self.images(3000, for: program, seed: 7)
            let points = [3, 1030, 2990].flatMap { x[$0 * 60..<$0 * 60 + 60] }
            func results(_ backend: OpenCLBackend) throws -> ([GradientResults], [HostMatrix]) {
                let columns = try backend.prepared(program, x, precision)
                let rows = try backend.prepared(program, points, precision)
                let gradients = try [1, 3].map {
                    try GradientResults(backend, .ntk, rows: rows, columns: columns, cotangents: $0, outputs: 2)
                }
                let theta = try HostMatrix(rows: 3000, columns: 3000, precision: precision)
                // Tiles that lie in one table, and across two, on the diagonal and below it.
                for (i, j) in [(0..<20, 0..<20), (1000..<1100, 1000..<1100), (2030..<2080, 990..<1040)] {
                    try backend.gram(GramTile(rows: columns, i, columns: columns, j, ntk: theta))
                }
                return (gradients, try [theta, backend.rectangle(rows: columns, columns: rows)])
            }
            let columns = try split.prepared(program, x, precision)
            #expect(
                split.context.planes(of: columns).pieces(of: 0..<split.context.planes(of: columns).panels).count > 1)
            let (found, expected) = (try results(split), try results(whole))
            #expect(found.0 == expected.0, "gradients, \(precision)")
            for (a, b) in zip(found.1, expected.1) {
                #expect(a.tensor().elements == b.tensor().elements, "kernels, \(precision)")
            }
        }
    }

    private static func gradients(
        _ backend: any Backend, _ kind: CovarianceKind, _ program: CovarianceProgram, _ precision: Precision,
        rows: Int, columns: Int, count: Int
    ) throws -> GradientResults {
        let points = try backend.prepared(program, images(rows, for: program, seed: 1), precision)
        // The first points stand among the training images too: degenerate pairs.
        let training = try backend.prepared(program, images(columns, for: program, seed: 1), precision)
        return try GradientResults(backend, kind, rows: points, columns: training, cotangents: count, outputs: 2)
    }

    private static func compareGradients(
        _ backend: OpenCLBackend, _ program: CovarianceProgram, _ precision: Precision, rows: Int, columns: Int,
        count: Int
    ) throws {
        for kind in CovarianceKind.allCases {
            func result(_ backend: any Backend) throws -> GradientResults {
                try gradients(backend, kind, program, precision, rows: rows, columns: columns, count: count)
            }
            let (found, expected) = (try result(backend), try result(CPUBackend()))
            let name = "\(kind) \(precision) \(rows) × \(columns), \(count) cotangents"
            #expect(
                CovarianceCases.error(found.predictions, expected.predictions) <= precision.gradientBound,
                "predictions, \(name)")
            #expect(
                CovarianceCases.error(found.predictionsAlone, expected.predictions) <= precision.gradientBound,
                "predictions alone, \(name)")
            #expect(
                CovarianceCases.error(found.gradient, expected.gradient) <= precision.gradientBound,
                "gradient, \(name)")
            #expect(found.pulledBack == found.gradient, "pullback, \(name)")
        }
    }
}

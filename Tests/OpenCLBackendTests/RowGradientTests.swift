import CPUBackend
import Compute
import TestSupport
import Testing

@testable import OpenCLBackend

/// Gradients of a few rows, made in one pass, against a linearization pulled back and against the CPU backend.
@Suite(.needsOpenCL)
struct RowGradientTests {
    private static func compare(
        _ backend: OpenCLBackend, _ net: CovarianceCases.Net, _ precision: Precision, rows: Int, columns: Int,
        dimension: Int, cotangents: Int, outputs: Int
    ) throws {
        let program = net.program(dimension)
        // A huge and a tiny norm would be the only terms that count; CovarianceGradientTests has them.
        let x = CovarianceCases.random(columns, dimension, seed: 2)
        let z = Array(x.prefix(dimension)) + CovarianceCases.random(rows - 1, dimension, seed: 1)
        func results(_ backend: any Backend, _ kind: CovarianceKind) throws -> GradientResults {
            try GradientResults(
                backend, kind, rows: backend.prepared(program, z, precision),
                columns: backend.prepared(program, x, precision), cotangents: cotangents, outputs: outputs)
        }
        for kind in CovarianceKind.allCases {
            let found = try results(backend, kind)
            let expected = try results(CPUBackend(), kind)
            let name = "\(kind) \(precision) \(rows) × \(columns), d = \(dimension), \(cotangents) of \(outputs)"
            #expect(
                CovarianceCases.error(found.gradient, found.pulledBack) <= precision.gradientBound, "\(name): pullback")
            #expect(CovarianceCases.error(found.gradient, expected.gradient) <= precision.gradientBound, "\(name): CPU")
        }
    }

    @Test(arguments: CovarianceForm.allCases, CovarianceCases.nets)
    func everyNet(form: CovarianceForm, net: CovarianceCases.Net) throws {
        let backend = try CovarianceCases.backend(form)
        for precision in Machine.precisions(of: backend) {
            try Self.compare(
                backend, net, precision, rows: 1, columns: 71, dimension: 37, cotangents: 1, outputs: 3)
        }
    }

    /// Columns around a panel, a chunk and a part; several rows, cotangents and outputs.
    @Test(arguments: CovarianceForm.allCases)
    func everySize(form: CovarianceForm) throws {
        let backend = try CovarianceCases.backend(form)
        let net = CovarianceCases.nets[1]
        for precision in Machine.precisions(of: backend) {
            let panel = form.panel(precision, backend.context.device)
            let limit = RowParts.chunkLimit
            for columns in [1, 7, panel - 1, panel, panel + 1, limit - 1, limit + 1, 3 * limit + panel + 5] {
                for (rows, cotangents) in [(1, 1), (1, 5), (2, 2)] {
                    try Self.compare(
                        backend, net, precision, rows: rows, columns: columns, dimension: 21, cotangents: cotangents,
                        outputs: 2)
                }
            }
        }
    }

    /// Dimensions around the vectors, blocks and panels that a kernel cuts them into.
    @Test(arguments: CovarianceForm.allCases, [1, 3, 8, 64, 65, 257, 1031])
    func everyDimension(form: CovarianceForm, dimension: Int) throws {
        let backend = try CovarianceCases.backend(form)
        for precision in Machine.precisions(of: backend) {
            // In one dimension every pair is collinear and the gradient zero but for rounding.
            let net = CovarianceCases.nets[dimension == 1 ? 0 : 1]
            try Self.compare(
                backend, net, precision, rows: 2, columns: 150, dimension: dimension, cotangents: 1, outputs: 1)
        }
    }

    /// The rule: few rows and gradients take one pass, more go through a linearization.
    @Test(arguments: CovarianceForm.allCases)
    func fewRowsTakeOnePass(form: CovarianceForm) throws {
        let backend = try OpenCLBackend(Machine.device(), profiling: true, form: form, cache: nil)
        let program = CovarianceCases.nets[0].program(9)
        let columns = try backend.prepared(program, CovarianceCases.random(40, 9, seed: 1), .float32)
        let weights = try backend.upload([Double](repeating: 1, count: 40), as: backend.accumulatePrecision)
        for (rows, count) in [(1, 1), (1, 5), (2, 2), (3, 1), (1, 6), (2, 3), (4, 1)] {
            let points = try backend.prepared(program, CovarianceCases.random(rows, 9, seed: 2), .float32)
            let ones = try backend.upload(
                [Double](repeating: 1, count: rows * count), as: backend.accumulatePrecision)
            _ = try backend.takeProfile()
            _ = try backend.gradient(
                .ntk, rows: points, columns: columns, cotangents: ones, count: count, weights: weights, outputs: 1)
            let names = Set(try backend.takeProfile().map(\.name))
            let isOnePass = rows + rows * count <= 6
            #expect(names.contains("Covariance/row_\(form.rawValue)") == isOnePass, "\(rows) × \(count)")
            #expect(names.contains("Covariance/scalar_\(form.rawValue)") == !isOnePass, "\(rows) × \(count)")
        }
    }
}

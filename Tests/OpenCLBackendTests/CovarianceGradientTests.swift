import CPUBackend
import Compute
import TestSupport
import Testing

@testable import OpenCLBackend

/// Predictions and gradients on OpenCL against the CPU backend, in both forms of the kernels.
@Suite(.needsOpenCL)
struct CovarianceGradientTests {
    private static let dimension = 37

    private static func run(
        _ backend: any Backend, _ kind: CovarianceKind, _ program: CovarianceProgram, _ precision: Precision,
        rows: Int, columns: Int, cotangents count: Int, outputs: Int
    ) throws -> GradientResults {
        let dimension = program.input.count
        let points = try backend.prepared(program, CovarianceCases.random(rows, dimension, seed: 1), precision)
        // Norms in a factor of 2^20 would drown the others; they are compared where each has its own column.
        var x = CovarianceCases.inputs(columns, dimension, seed: 2)
        for i in [5] where i < columns { for k in 0..<dimension { x[i * dimension + k] *= 0x1p-20 } }
        let training = try backend.prepared(program, x, precision)
        return try GradientResults(
            backend, kind, rows: points, columns: training, cotangents: count, outputs: outputs)
    }

    private static func compare(
        _ backend: OpenCLBackend, _ program: CovarianceProgram, _ precision: Precision, rows: Int, columns: Int,
        cotangents: Int, outputs: Int
    ) throws {
        for kind in CovarianceKind.allCases {
            func result(_ backend: any Backend) throws -> GradientResults {
                try run(
                    backend, kind, program, precision, rows: rows, columns: columns, cotangents: cotangents,
                    outputs: outputs)
            }
            let expected = try result(CPUBackend())
            let found = try result(backend)
            let name = "\(kind) \(precision) \(rows) × \(columns)"
            #expect(
                CovarianceCases.error(found.predictions, expected.predictions) <= precision.valueBound,
                "predictions, \(name)")
            #expect(
                CovarianceCases.error(found.predictionsAlone, expected.predictions) <= precision.valueBound,
                "predictions alone, \(name)")
            #expect(
                CovarianceCases.error(found.pulledBack, expected.pulledBack) <= precision.gradientBound,
                "pullback, \(name)")
            #expect(
                CovarianceCases.error(found.gradient, expected.gradient) <= precision.gradientBound,
                "gradient, \(name)")
        }
    }

    @Test(arguments: CovarianceForm.allCases, CovarianceCases.nets)
    func everyNet(form: CovarianceForm, net: CovarianceCases.Net) throws {
        let backend = try CovarianceCases.backend(form)
        for precision in Machine.precisions(of: backend) {
            try Self.compare(
                backend, net.program(Self.dimension), precision, rows: 13, columns: 71, cotangents: 2, outputs: 3)
        }
    }

    @Test(arguments: CovarianceForm.allCases)
    func everySize(form: CovarianceForm) throws {
        let backend = try CovarianceCases.backend(form)
        let program = CovarianceCases.nets[1].program(Self.dimension)
        for precision in Machine.precisions(of: backend) {
            let tile = form.panel(precision, backend.context.device)
            for size in [1, 7, tile - 1, tile, tile + 1, 101, 2 * tile + 3] {
                try Self.compare(
                    backend, program, precision, rows: size, columns: size, cotangents: 1, outputs: 2)
            }
            // Several parts of columns, and cotangents in several batches of a point.
            try Self.compare(
                backend, program, precision, rows: 1, columns: 2 * PullbackParts.smallest + 5, cotangents: 70,
                outputs: 1)
        }
    }

    /// A collinear pair has the symmetric derivative, and the same call gives the same bits.
    @Test(arguments: CovarianceForm.allCases)
    func collinearAndRepeated(form: CovarianceForm) throws {
        let backend = try CovarianceCases.backend(form)
        let program = CovarianceCases.nets[1].program(Self.dimension)
        for precision in Machine.precisions(of: backend) {
            let x = CovarianceCases.inputs(7, Self.dimension, seed: 2)
            func gradient(_ backend: any Backend) throws -> [Double] {
                let inputs = try backend.prepared(program, x, precision)
                let ones = try backend.upload([1.0], as: backend.accumulatePrecision)
                let points = try backend.prepared(program, Array(x.prefix(Self.dimension)), precision)
                let weights = try backend.upload(
                    [1.0, 2, -1, 3, 0, 0, 0], as: backend.accumulatePrecision)
                return try backend.download(
                    backend.gradient(
                        .ntk, rows: points, columns: inputs, cotangents: ones, count: 1, weights: weights, outputs: 1))
            }
            let first = try gradient(backend)
            #expect(first == (try gradient(backend)))
            #expect(CovarianceCases.error(first, try gradient(CPUBackend())) <= precision.gradientBound)
        }
    }

    /// Where every input is zero the gradient is exactly zero; and where only the training inputs are, it is not.
    @Test(arguments: CovarianceForm.allCases)
    func blankPixelsHaveNoGradient(form: CovarianceForm) throws {
        let backend = try CovarianceCases.backend(form)
        let (training, blank) = Images.withBlankPixels(70, Self.dimension, seed: 7)
        var points = Images.withBlankPixels(5, Self.dimension, seed: 8).inputs
        points.elements[blank[0]] = 0.5
        for precision in Machine.precisions(of: backend) {
            let program = CovarianceCases.nets[1].program(Self.dimension)
            let columns = try backend.prepared(program, training.elements, precision)
            let rows = try backend.prepared(program, points.elements, precision)
            let weights = try backend.upload(CovarianceCases.random(70, 1, seed: 9), as: backend.accumulatePrecision)
            let cotangents = try backend.upload(CovarianceCases.random(5, 1, seed: 10), as: backend.accumulatePrecision)
            let numbers = try backend.download(
                backend.gradient(
                    .ntk, rows: rows, columns: columns, cotangents: cotangents, count: 1, weights: weights,
                    outputs: 1))
            let wanted = (0..<5).flatMap { row in blank.map { row * Self.dimension + $0 } }.filter { $0 != blank[0] }
            #expect(numbers.indices.filter { numbers[$0] == 0 } == wanted)
        }
    }
}

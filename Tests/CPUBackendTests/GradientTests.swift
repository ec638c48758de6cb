import CPUBackend
import Compute
import TangentKernels
import TestSupport
import Testing

/// The fused gradient, the one in two passes and predictions: the same numbers, whatever the sizes and threads.
@Suite struct GradientTests {
    struct Shape: Sendable, CustomStringConvertible {
        let rows: Int
        let columns: Int
        let dimension: Int
        let cotangents: Int
        let outputs: Int

        var description: String { "\(rows) × \(columns) × \(dimension), \(cotangents) of \(outputs)" }
    }

    /// One row to a few, rows beyond a pass of 256, columns beside vectors of 16, chunks of 256 and parts of 512.
    static let shapes = [
        Shape(rows: 1, columns: 1, dimension: 1, cotangents: 1, outputs: 1),
        Shape(rows: 1, columns: 37, dimension: 33, cotangents: 1, outputs: 1),
        Shape(rows: 1, columns: 1100, dimension: 50, cotangents: 3, outputs: 2),
        Shape(rows: 2, columns: 515, dimension: 17, cotangents: 1, outputs: 3),
        Shape(rows: 3, columns: 259, dimension: 64, cotangents: 2, outputs: 1),
        Shape(rows: 4, columns: 530, dimension: 19, cotangents: 2, outputs: 2),
        Shape(rows: 5, columns: 130, dimension: 7, cotangents: 4, outputs: 3),
        Shape(rows: 300, columns: 21, dimension: 3, cotangents: 2, outputs: 2),
        Shape(rows: 257, columns: 513, dimension: 2, cotangents: 1, outputs: 1),
    ]

    private struct Problem {
        let backend: CPUBackend
        let rows: CovarianceInputs
        let columns: CovarianceInputs
        let cotangents: Buffer
        let weights: Buffer
        let plainWeights: [Double]

        init(_ shape: Shape, _ precision: Precision, threads: Int? = nil) throws {
            backend = CPUBackend(threads: threads)
            let program = try Architecture.fc(depth: 2).program(channels: shape.dimension)
            rows = try backend.prepare(
                program, inputs: RandomArchitecture.inputs(shape.rows, shape.dimension, seed: 1), precision)
            columns = try backend.prepare(
                program, inputs: RandomArchitecture.inputs(shape.columns, shape.dimension, seed: 2), precision)
            var generator = SeededGenerator(seed: 3)
            cotangents = try backend.upload(
                generator.numbers(shape.rows * shape.cotangents * shape.outputs), as: .float64)
            plainWeights = generator.numbers(shape.columns * shape.outputs)
            weights = try backend.upload(plainWeights, as: .float64)
        }

        func fused(_ shape: Shape) throws -> [Double] {
            try backend.download(
                backend.gradient(
                    .ntk, rows: rows, columns: columns, cotangents: cotangents, count: shape.cotangents,
                    weights: weights, outputs: shape.outputs))
        }
    }

    @Test(arguments: shapes, Precision.allCases)
    func fusedIsTwoPasses(shape: Shape, precision: Precision) throws {
        let problem = try Problem(shape, precision)
        let fused = try problem.fused(shape)
        let linearization = try problem.backend.linearize(.ntk, rows: problem.rows, columns: problem.columns)
        let pulled = try problem.backend.download(
            problem.backend.pullback(
                linearization, cotangents: problem.cotangents, count: shape.cotangents, weights: problem.weights,
                outputs: shape.outputs))
        #expect(fused.count == shape.rows * shape.cotangents * shape.dimension)
        #expect(Distance.relative(fused, to: pulled) <= Tolerance.reordering(shape.columns, precision))
    }

    @Test(arguments: shapes, Precision.allCases)
    func threadsDecideNothing(shape: Shape, precision: Precision) throws {
        #expect(try Problem(shape, precision, threads: 1).fused(shape) == Problem(shape, precision).fused(shape))
    }

    @Test(arguments: shapes, Precision.allCases)
    func predictionsAreSums(shape: Shape, precision: Precision) throws {
        let problem = try Problem(shape, precision)
        let (m, n, outputs) = (shape.rows, shape.columns, shape.outputs)
        let linearization = try problem.backend.linearize(.ntk, rows: problem.rows, columns: problem.columns)
        let found = try problem.backend.download(
            problem.backend.predict(linearization, weights: problem.weights, outputs: outputs))
        let gram = try HostMatrix(rows: m, columns: n, precision: precision)
        try problem.backend.gram(GramTile(rows: problem.rows, 0..<m, columns: problem.columns, 0..<n, ntk: gram))
        let kernel = gram.tensor().elements
        let wanted = (0..<m * outputs).map { index in
            (0..<n).reduce(0.0) { sum, j in
                sum + kernel[index / outputs * n + j] * problem.plainWeights[j * outputs + index % outputs]
            }
        }
        #expect(Distance.relative(found, to: wanted) <= Tolerance.reordering(n, precision))
        let alone = try problem.backend.download(
            problem.backend.predict(
                .ntk, rows: problem.rows, columns: problem.columns, weights: problem.weights, outputs: outputs))
        #expect(Distance.relative(alone, to: wanted) <= Tolerance.reordering(n, precision))
    }

    /// Where every input is zero the gradient is exactly zero, in one row or many, fused or not; and where only the
    /// training inputs are, it is not.
    @Test(arguments: Precision.allCases, [1, 5])
    func blankPixelsHaveNoGradient(precision: Precision, rows: Int) throws {
        let backend = CPUBackend()
        let program = try Architecture.fc(depth: 2).program(channels: 40)
        let (training, blank) = Images.withBlankPixels(30, 40, seed: 7)
        var points = Images.withBlankPixels(rows, 40, seed: 8).inputs
        points.elements[blank[0]] = 0.5
        let columns = try backend.prepare(program, inputs: training, precision)
        let prepared = try backend.prepare(program, inputs: points, precision)
        var generator = SeededGenerator(seed: 9)
        let weights = try backend.upload(generator.numbers(30), as: .float64)
        let cotangents = try backend.upload(generator.numbers(rows), as: .float64)
        let linearization = try backend.linearize(.ntk, rows: prepared, columns: columns)
        let gradients = [
            try backend.gradient(
                .ntk, rows: prepared, columns: columns, cotangents: cotangents, count: 1, weights: weights,
                outputs: 1),
            try backend.pullback(linearization, cotangents: cotangents, count: 1, weights: weights, outputs: 1),
        ]
        for gradient in gradients {
            let numbers = try backend.download(gradient)
            let zeros = numbers.indices.filter { numbers[$0] == 0 }
            let wanted = (0..<rows).flatMap { row in blank.map { row * 40 + $0 } }.filter { $0 != blank[0] }
            #expect(zeros == wanted)
        }
    }
}

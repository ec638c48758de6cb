import CPUBackend
import Compute
import TangentKernels
import TestSupport
import Testing

/// Convolutional nets at sizes around the lanes of a vector, the rows of a block and the panels of a part: which images
/// are computed together decides no digit of a kernel, and threads decide none of a gradient.
@Suite struct PlaneTests {
    static let sizes = [1, 7, 15, 16, 17, 33]

    private static let net = Architecture([
        Conv(filter: (3, 3), weightStd: 1.2, biasStd: 0.1), Relu(), AvgPool(window: (2, 2), stride: (2, 2)),
        Conv(filter: (2, 2), weightStd: 1.2, biasStd: 0.1), Erf(), GlobalAvgPool(), Dense(weightStd: 1, biasStd: 0.1),
        Relu(), Dense(weightStd: 1, biasStd: 0.1),
    ])

    private static func program() throws -> CovarianceProgram { try net.program(height: 4, width: 4, channels: 1) }

    private func kernels(
        _ rows: CovarianceInputs, _ columns: CovarianceInputs, _ backend: CPUBackend, rows i: Range<Int>,
        columns j: Range<Int>
    ) throws -> [[Double]] {
        let matrices = try (0..<2).map { _ in
            try HostMatrix(rows: rows.count, columns: columns.count, precision: rows.precision)
        }
        try backend.gram(GramTile(rows: rows, i, columns: columns, j, nngp: matrices[0], ntk: matrices[1]))
        return matrices.map { matrix in i.flatMap { row in j.map { matrix[row, $0] } } }
    }

    @Test(arguments: sizes, Precision.allCases)
    func whatIsComputedTogetherDecidesNothing(rows: Int, precision: Precision) throws {
        let (one, two) = (CPUBackend(threads: 1), CPUBackend(threads: 2))
        let (z, x) = (RandomArchitecture.inputs(33, 16, seed: 1), RandomArchitecture.inputs(33, 16, seed: 2))
        let program = try Self.program()
        let allRows = try one.prepare(program, inputs: z, precision)
        let allColumns = try one.prepare(program, inputs: x, precision)
        for columns in Self.sizes {
            let few = try two.prepare(program, inputs: z[0..<rows], precision)
            let against = try two.prepare(program, inputs: x[0..<columns], precision)
            let found = try kernels(few, against, two, rows: 0..<rows, columns: 0..<columns)
            let wanted = try kernels(allRows, allColumns, one, rows: 0..<rows, columns: 0..<columns)
            #expect(found == wanted, "\(rows) × \(columns)")
        }
    }

    private struct Problem {
        let rows: CovarianceInputs
        let columns: CovarianceInputs
        let weights: [Double]

        init(_ rows: Int, _ columns: Int, _ precision: Precision, on backend: CPUBackend) throws {
            let program = try PlaneTests.program()
            self.rows = try backend.prepare(program, inputs: RandomArchitecture.inputs(rows, 16, seed: 3), precision)
            self.columns = try backend.prepare(
                program, inputs: RandomArchitecture.inputs(columns, 16, seed: 4), precision)
            var generator = SeededGenerator(seed: 5)
            weights = generator.numbers(columns * 2)
        }

        func gradients(_ count: Int, on backend: CPUBackend) throws -> [Double] {
            var generator = SeededGenerator(seed: 6)
            let cotangents = try backend.upload(generator.numbers(rows.count * count * 2), as: .float64)
            return try backend.download(
                backend.gradient(
                    .ntk, rows: rows, columns: columns, cotangents: cotangents, count: count,
                    weights: backend.upload(weights, as: .float64), outputs: 2))
        }
    }

    /// One row in parts, rows in blocks, and more columns than a part has.
    @Test(arguments: [(1, 1), (1, 300), (7, 33), (15, 17), (33, 16), (33, 300)], Precision.allCases)
    func threadsDecideNoGradient(size: (Int, Int), precision: Precision) throws {
        let (one, two) = (CPUBackend(threads: 1), CPUBackend(threads: 2))
        for count in [1, 3, 17, 40] {
            let alone = try Problem(size.0, size.1, precision, on: one).gradients(count, on: one)
            let both = try Problem(size.0, size.1, precision, on: two).gradients(count, on: two)
            #expect(alone == both, "\(size.0) × \(size.1), \(count) cotangents")
        }
    }

    /// The gradient at a point among others is the gradient at it alone.
    @Test(arguments: Precision.allCases)
    func otherRowsDecideLittle(precision: Precision) throws {
        let backend = CPUBackend()
        let one = try Problem(1, 300, precision, on: backend).gradients(1, on: backend)
        for rows in Self.sizes {
            let many = try Problem(rows, 300, precision, on: backend).gradients(1, on: backend)
            #expect(Distance.relative(Array(many[0..<16]), to: one) <= Tolerance.reordering(300, precision), "\(rows)")
        }
    }
}

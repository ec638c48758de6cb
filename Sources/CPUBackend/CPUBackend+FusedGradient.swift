import CPUKernels
import Compute

/// Gradients with known coefficients: one pass over the training inputs, a chunk of which stays in the second-level
/// cache for its product, its recursion and its share of the gradient.
extension CPUBackend {
    /// Rows of one pass; more are cut.
    private static var passRows: Int { 256 }
    /// Columns of a chunk.
    private static var passColumns: Int { 256 }
    /// Columns of a part: what one thread adds up before the parts are summed in order. With one row parts are short,
    /// so that a thread that starts late leaves its share to the others.
    private static func partColumns(rows: Int, columns: Int) -> Int {
        rows > 1 ? max(2 * passColumns, (columns + 7) / 8) : max(128, (columns + 255) / 256 * 16)
    }

    package func gradient(
        _ kind: CovarianceKind, rows: CovarianceInputs, columns: CovarianceInputs,
        cotangents: Buffer, count: Int, weights: Buffer, outputs: Int
    ) throws(ComputeError) -> Buffer {
        let gradients = try allocate(rows.count * count * rows.program.input.count, rows.precision)
        if rows.program.geometry != .scalar {
            let request = PlaneGradient(
                kind: kind, rows: rows.planes, columns: columns.planes, cotangents: cotangents, count: count,
                weights: weights, outputs: outputs)
            switch rows.precision {
            case .float32: try run(request, into: gradients, as: Float.self)
            case .float64: try run(request, into: gradients, as: Double.self)
            }
            return gradients
        }
        switch rows.precision {
        case .float32:
            let turned = try transposedWeights(weights, columns.count, outputs, as: Float.self)
            let pass = Pass<Float>(kind, rows.cpu, columns.cpu, cotangents, count, turned, outputs, gradients)
            try run(pass, rows: rows.count, columns: columns.count)
        case .float64:
            let turned = try transposedWeights(weights, columns.count, outputs, as: Double.self)
            let pass = Pass<Double>(kind, rows.cpu, columns.cpu, cotangents, count, turned, outputs, gradients)
            try run(pass, rows: rows.count, columns: columns.count)
        }
        return gradients
    }

    private func run<T: CPUReal>(_ pass: Pass<T>, rows: Int, columns: Int) throws(ComputeError) {
        for range in Self.parts(rows, of: Self.passRows) {
            let parts = Self.parts(columns, of: Self.partColumns(rows: range.count, columns: columns))
            let size = range.count * pass.count
            let sums = try CPUMemory(byteCount: 2 * parts.count * size * 8)
            let partial = try CPUMemory(
                byteCount: parts.count * size * pass.dimension * T.precision.byteCount, zeroed: false)
            if range.count == 1 {
                parallel(parts.count) { part in
                    pass.row(
                        range.lowerBound, parts[part], partial.pointer(T.self) + part * size * pass.dimension,
                        sums.pointer(Double.self) + 2 * part * size)
                }
            } else {
                let block = Pass<T>.scratchCount(range.count, Self.passColumns)
                let scratch = try CPUMemory(byteCount: parts.count * block * T.precision.byteCount, zeroed: false)
                parallel(parts.count) { part in
                    pass.many(
                        range, parts[part], Self.passColumns, scratch.pointer(T.self) + part * block,
                        partial.pointer(T.self) + part * size * pass.dimension,
                        sums.pointer(Double.self) + 2 * part * size)
                }
            }
            let ones = [T](repeating: 1, count: parts.count)
            parallel(range.count) { row in
                pass.finish(row: row, of: range, ones, partial.pointer(), sums.pointer())
            }
        }
    }
}

/// Arguments of one gradient, and what is done with them.
private struct Pass<T: CPUReal> {
    let kind: CovarianceKind
    let rows: CPUInputs
    let columns: CPUInputs
    /// [rows, count, outputs].
    let cotangents: UnsafeMutablePointer<Double>
    let count: Int
    /// [outputs, columns]; the object keeps them alive.
    let weights: UnsafeMutablePointer<T>
    let weightMemory: CPUMemory
    let weightStride: Int
    let outputs: Int
    /// [rows, count, dimension].
    let gradients: UnsafeMutablePointer<T>
    let dimension: Int
    let blanks: [Int]

    init(
        _ kind: CovarianceKind, _ rows: CPUInputs, _ columns: CPUInputs, _ cotangents: Buffer, _ count: Int,
        _ weights: CPUMemory, _ outputs: Int, _ gradients: Buffer
    ) {
        self.kind = kind
        self.rows = rows
        self.columns = columns
        self.cotangents = cotangents.pointer()
        self.count = count
        self.weights = weights.pointer()
        weightMemory = weights
        weightStride = weights.byteCount / T.precision.byteCount / max(outputs, 1)
        self.outputs = outputs
        self.gradients = gradients.pointer()
        dimension = rows.program.value.dimension
        blanks = columns.blanks(as: T.self)
    }

    /// A part of the columns for one row.
    func row(
        _ i: Int, _ j: Range<Int>, _ gradient: UnsafeMutablePointer<T>, _ sums: UnsafeMutablePointer<Double>
    ) {
        var program = rows.program.value
        var rowTables = T.inputs(rows)
        var columnTables = T.inputs(columns)
        T.rowGradient(
            &program, kind == .nngp ? 1 : 0, &rowTables, i, &columnTables, j.lowerBound, j.upperBound,
            cotangents + i * count * outputs, count, outputs, weights, weightStride, gradient, sums)
    }

    /// Numbers of scratch that `many` needs: vectors may write past the last column.
    static func scratchCount(_ rows: Int, _ chunk: Int) -> Int { 4 * rows * (chunk + 16) }

    /// A part of the columns for several rows, in chunks with matrix products.
    func many(
        _ i: Range<Int>, _ part: Range<Int>, _ width: Int, _ scratch: UnsafeMutablePointer<T>,
        _ gradient: UnsafeMutablePointer<T>, _ sums: UnsafeMutablePointer<Double>
    ) {
        let stride = width + 16
        let block = i.count * stride
        let (tangential, radial, coefficients) = (scratch + block, scratch + 2 * block, scratch + 3 * block)
        for start in Swift.stride(from: part.lowerBound, to: part.upperBound, by: width) {
            let j = start..<min(start + width, part.upperBound)
            CPUBackend.tangents(
                kind, rows, i, columns, j, value: scratch, tangential: tangential, radial: radial, stride: stride)
            let centred = columns.centred.pointer(T.self) + j.lowerBound * dimension
            var columnTables = T.inputs(columns)
            for cotangent in 0..<count {
                for row in 0..<i.count {
                    T.weigh(
                        &columnTables, j.lowerBound, j.upperBound, outputs,
                        cotangents + ((i.lowerBound + row) * count + cotangent) * outputs,
                        weights + j.lowerBound, weightStride, tangential + row * stride, radial + row * stride,
                        coefficients + row * stride, sums + 2 * (row * count + cotangent))
                }
                T.product(
                    i.count, dimension, j.count, coefficients, stride, centred, dimension,
                    isFirst: start == part.lowerBound, gradient + cotangent * dimension, count * dimension)
            }
        }
    }

    /// Adds up the parts in order.
    func finish(
        row: Int, of range: Range<Int>, _ ones: [T], _ partial: UnsafeMutablePointer<T>,
        _ sums: UnsafeMutablePointer<Double>
    ) {
        let size = range.count * count
        let i = range.lowerBound + row
        var program = rows.program.value
        var rowTables = T.inputs(rows)
        for cotangent in 0..<count {
            let place = row * count + cotangent
            let target = gradients + (i * count + cotangent) * dimension
            var total = [0.0, 0.0]
            for part in ones.indices {
                for number in 0..<2 { total[number] += sums[2 * (part * size + place) + number] }
            }
            T.accumulate(ones.count, dimension, ones, partial + place * dimension, size * dimension, 1, target)
            T.finishGradient(&program, &rowTables, i, total, blanks, blanks.count, target)
        }
    }
}

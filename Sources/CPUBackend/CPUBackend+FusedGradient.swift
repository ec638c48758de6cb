import CPUKernels
import Compute

/// Gradients with known coefficients: one pass over the training inputs, a chunk of which stays in the second-level
/// cache for its product, its recursion and its share of the gradient.
extension CPUBackend {
    /// Rows of one pass; more are cut.
    private static var passRows: Int { 256 }
    /// Columns of a chunk.
    private static var passColumns: Int { 256 }
    /// Columns of a part: what one thread adds up before the parts are summed in order.
    private static func partColumns(_ columns: Int) -> Int { max(2 * passColumns, (columns + 7) / 8) }

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
        for range in Self.parts(rows.count, of: Self.passRows) {
            switch rows.precision {
            case .float32:
                try pass(kind, rows, range, columns, cotangents, count, weights, outputs, gradients, as: Float.self)
            case .float64:
                try pass(kind, rows, range, columns, cotangents, count, weights, outputs, gradients, as: Double.self)
            }
        }
        return gradients
    }

    private func pass<T: CPUReal>(
        _ kind: CovarianceKind, _ rows: CovarianceInputs, _ range: Range<Int>, _ columns: CovarianceInputs,
        _ cotangents: Buffer, _ count: Int, _ weights: Buffer, _ outputs: Int, _ gradients: Buffer, as type: T.Type
    ) throws(ComputeError) {
        let m = range.count
        let dimension = rows.program.input.count
        let turned = try transposedWeights(weights, columns.count, outputs, as: T.self)
        let parts = Self.parts(columns.count, of: Self.partColumns(columns.count))
        let size = m * count * dimension
        let sums = try CPUMemory(byteCount: parts.count * m * count * 8)
        let partial = try CPUMemory(byteCount: parts.count * size * T.precision.byteCount)
        let scratch = try CPUMemory(byteCount: parts.count * 4 * m * Self.passColumns * T.precision.byteCount)

        parallel(parts.count) { part in
            let block = m * Self.passColumns
            let value = scratch.pointer(T.self) + part * 4 * block
            let (tangential, radial, coefficients) = (value + block, value + 2 * block, value + 3 * block)
            let gradient = partial.pointer(T.self) + part * size
            let sum = sums.pointer(Double.self) + part * m * count
            for chunk in Self.parts(parts[part].count, of: Self.passColumns) {
                let j = parts[part].lowerBound + chunk.lowerBound..<parts[part].lowerBound + chunk.upperBound
                Self.tangents(
                    kind, rows.cpu, range, columns.cpu, j, value: value, tangential: tangential, radial: radial,
                    stride: Self.passColumns)
                let unit = columns.cpu.unit.pointer(T.self) + j.lowerBound * dimension
                for cotangent in 0..<count {
                    for row in 0..<m {
                        let place = row * Self.passColumns
                        T.weigh(
                            j.count, outputs,
                            cotangents.pointer(Double.self)
                                + ((range.lowerBound + row) * count + cotangent) * outputs,
                            turned.pointer(T.self) + j.lowerBound, columns.count, tangential + place, radial + place,
                            coefficients + place, sum + row * count + cotangent)
                    }
                    T.product(
                        m, dimension, j.count, coefficients, Self.passColumns, unit, dimension, 1,
                        gradient + cotangent * dimension, count * dimension)
                }
            }
        }

        parallel(m) { row in
            let target = gradients.pointer(T.self) + (range.lowerBound + row) * count * dimension
            for cotangent in 0..<count {
                var sum = 0.0
                for part in parts.indices {
                    sum += sums.pointer(Double.self)[(part * m + row) * count + cotangent]
                    let source = partial.pointer(T.self) + part * size + (row * count + cotangent) * dimension
                    for k in 0..<dimension { target[cotangent * dimension + k] += source[k] }
                }
                T.finishGradient(
                    dimension, rows.cpu.unit.pointer(T.self) + (range.lowerBound + row) * dimension, sum,
                    target + cotangent * dimension)
            }
        }
    }
}

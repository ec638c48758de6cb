import CPUKernels
import Compute

extension CPUBackend {
    /// Rows that share one reading of the weights.
    private static var predictRows: Int { 16 }

    package func predict(
        _ linearization: Linearization, weights: Buffer, outputs: Int
    ) throws(ComputeError) -> Buffer {
        let rows = linearization.rows.count
        let columns = linearization.columns.count
        let predictions = try allocate(rows * outputs, .float64)
        let transposed = try transposedWeights(weights, columns, outputs, as: Double.self)
        func run<T: CPUReal>(_ type: T.Type) {
            let part = linearization.cpu
            let blocks = Self.parts(rows, of: Self.predictRows)
            parallel(blocks.count) { index in
                let i = blocks[index]
                T.predict(
                    i.count, columns, outputs, part.value.pointer(T.self) + i.lowerBound * part.stride, part.stride,
                    transposed.pointer(), columns, predictions.pointer() + i.lowerBound * outputs)
            }
        }
        linearization.rows.precision == .float32 ? run(Float.self) : run(Double.self)
        return predictions
    }

    package func predict(
        _ kind: CovarianceKind, rows: CovarianceInputs, columns: CovarianceInputs, weights: Buffer, outputs: Int
    ) throws(ComputeError) -> Buffer {
        // On planes a linearization holds the values alone.
        guard rows.program.geometry == .scalar else {
            return try predict(linearize(kind, rows: rows, columns: columns), weights: weights, outputs: outputs)
        }
        let values = try CPULinearization(
            kind, rows: rows.count, columns: columns.count, precision: rows.precision, hasFactors: false, cache: cache)
        switch rows.precision {
        case .float32: fill(values, rows, columns, as: Float.self)
        case .float64: fill(values, rows, columns, as: Double.self)
        }
        return try predict(
            Linearization(rows: rows, columns: columns, storage: values), weights: weights, outputs: outputs)
    }

    /// The covariances alone; they overwrite the products that they are made of.
    private func fill<T: CPUReal>(
        _ result: CPULinearization, _ rows: CovarianceInputs, _ columns: CovarianceInputs, as type: T.Type
    ) {
        let dimension = rows.program.input.count
        chunks(rows.count, columns.count) { i, j in
            let value = result.value.pointer(T.self) + i.lowerBound * result.stride + j.lowerBound
            T.correlate(
                i.count, j.count, dimension, rows.cpu.centred.pointer(T.self) + i.lowerBound * dimension,
                columns.cpu.centred.pointer(T.self) + j.lowerBound * dimension, value, result.stride)
            var program = rows.cpu.program.value
            var rowTables = T.inputs(rows.cpu)
            var columnTables = T.inputs(columns.cpu)
            T.forward(
                &program, &rowTables, i.lowerBound, i.upperBound, &columnTables, j.lowerBound, j.upperBound, 0, value,
                result.stride, result.kind == .nngp ? value : nil, result.kind == .ntk ? value : nil, result.stride)
        }
    }
}

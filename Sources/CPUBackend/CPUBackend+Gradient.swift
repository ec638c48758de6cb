import COpenBLAS
import CPUKernels
import Compute

/// Covariances of rows × columns, and in the scalar geometry the factors of their gradient:
/// ∇K = tangential u' + radial u. On planes the gradient is computed when it is asked for.
final class CPULinearization: Sendable {
    let kind: CovarianceKind
    /// Each [rows, stride].
    let value: CPUMemory
    let tangential: CPUMemory
    let radial: CPUMemory
    let stride: Int

    init(_ kind: CovarianceKind, rows: Int, columns: Int, precision: Precision, hasFactors: Bool, cache: CPUMemoryCache)
        throws(ComputeError)
    {
        self.kind = kind
        stride = (columns + 15) / 16 * 16
        let byteCount = rows * stride * precision.byteCount
        value = try CPUMemory(byteCount: byteCount, zeroed: false, cache: cache)
        tangential = try CPUMemory(byteCount: hasFactors ? byteCount : 0, zeroed: false, cache: cache)
        radial = try CPUMemory(byteCount: hasFactors ? byteCount : 0, zeroed: false, cache: cache)
    }
}

extension Linearization {
    var cpu: CPULinearization {
        guard let linearization = storage as? CPULinearization else {
            preconditionFailure("a linearization of another backend was given to the CPU backend")
        }
        return linearization
    }
}

extension CPUBackend {
    /// Columns of one product: enough that packing the rows for it costs little.
    private static var chunkColumns: Int { 1024 }
    /// Rows of one product; more are cut.
    private static var chunkRows: Int { 512 }

    /// Columns whose weights stay in a near cache while rows pass by, and rows that do so at most.
    private static var weighedColumns: Int { 512 }
    private static var weighedRows: Int { 16 }

    package func linearize(
        _ kind: CovarianceKind, rows: CovarianceInputs, columns: CovarianceInputs
    ) throws(ComputeError) -> Linearization {
        let isScalar = rows.program.geometry == .scalar
        let result = try CPULinearization(
            kind, rows: rows.count, columns: columns.count, precision: rows.precision, hasFactors: isScalar,
            cache: cache)
        switch (isScalar, rows.precision) {
        case (true, .float32): linearize(kind, rows, columns, result, as: Float.self)
        case (true, .float64): linearize(kind, rows, columns, result, as: Double.self)
        case (false, .float32): try valuesOnPlanes(rows, columns, result, as: Float.self)
        case (false, .float64): try valuesOnPlanes(rows, columns, result, as: Double.self)
        }
        return Linearization(rows: rows, columns: columns, storage: result)
    }

    private func linearize<T: CPUReal>(
        _ kind: CovarianceKind, _ rows: CovarianceInputs, _ columns: CovarianceInputs, _ result: CPULinearization,
        as type: T.Type
    ) {
        chunks(rows.count, columns.count) { i, j in
            let offset = i.lowerBound * result.stride + j.lowerBound
            Self.tangents(
                kind, rows.cpu, i, columns.cpu, j, value: result.value.pointer(T.self) + offset,
                tangential: result.tangential.pointer(T.self) + offset,
                radial: result.radial.pointer(T.self) + offset, stride: result.stride)
        }
    }

    /// Calls `body` with the rows and columns of every product, on all threads.
    func chunks(_ rows: Int, _ columns: Int, _ body: (Range<Int>, Range<Int>) -> Void) {
        let rowParts = Self.parts(rows, of: Self.chunkRows)
        let columnParts = Self.parts(columns, of: Self.chunkColumns)
        parallel(rowParts.count * columnParts.count) { index in
            body(rowParts[index / columnParts.count], columnParts[index % columnParts.count])
        }
    }

    /// One product and the recursion behind it, the products being overwritten by the covariances.
    static func tangents<T: CPUReal>(
        _ kind: CovarianceKind, _ rows: CPUInputs, _ i: Range<Int>, _ columns: CPUInputs, _ j: Range<Int>,
        value: UnsafeMutablePointer<T>, tangential: UnsafeMutablePointer<T>, radial: UnsafeMutablePointer<T>,
        stride: Int
    ) {
        var program = rows.program.value
        let dimension = program.dimension
        T.correlate(
            i.count, j.count, dimension, rows.centred.pointer(T.self) + i.lowerBound * dimension,
            columns.centred.pointer(T.self) + j.lowerBound * dimension, value, stride)
        var rowTables = T.inputs(rows)
        var columnTables = T.inputs(columns)
        T.tangent(
            &program, kind == .nngp ? 1 : 0, &rowTables, i.lowerBound, i.upperBound, &columnTables, j.lowerBound,
            j.upperBound, value, stride, value, tangential, radial, stride)
    }

    package func pullback(
        _ linearization: Linearization, cotangents: Buffer, count: Int, weights: Buffer, outputs: Int
    ) throws(ComputeError) -> Buffer {
        if linearization.rows.program.geometry != .scalar {
            return try gradient(
                linearization.cpu.kind, rows: linearization.rows, columns: linearization.columns,
                cotangents: cotangents, count: count, weights: weights, outputs: outputs)
        }
        switch linearization.rows.precision {
        case .float32: return try pullback(linearization, cotangents, count, weights, outputs, as: Float.self)
        case .float64: return try pullback(linearization, cotangents, count, weights, outputs, as: Double.self)
        }
    }

    private func pullback<T: CPUReal>(
        _ linearization: Linearization, _ cotangents: Buffer, _ count: Int, _ weights: Buffer, _ outputs: Int,
        as type: T.Type
    ) throws(ComputeError) -> Buffer {
        let rows = linearization.rows
        let columns = linearization.columns.cpu
        let n = linearization.columns.count
        let part = linearization.cpu
        let dimension = rows.program.input.count
        let gradients = try allocate(rows.count * count * dimension, T.precision)
        let turned = try transposedWeights(weights, n, outputs, as: T.self)
        // One cotangent of every row at a time bounds the memory by that of the linearization.
        let coefficients = try CPUMemory(
            byteCount: rows.count * part.stride * T.precision.byteCount, zeroed: false, cache: cache)
        let sums = try CPUMemory(byteCount: 2 * rows.count * 8)
        let blanks = columns.blanks(as: T.self)
        for cotangent in 0..<count {
            let blocks = Self.parts(rows.count, of: max(1, min(Self.weighedRows, rows.count / (4 * threads))))
            parallel(blocks.count) { block in
                for row in blocks[block] {
                    (sums.pointer(Double.self) + 2 * row).update(repeating: 0, count: 2)
                }
                for j in Self.parts(n, of: Self.weighedColumns) {
                    for row in blocks[block] {
                        let offset = row * part.stride + j.lowerBound
                        var columnTables = T.inputs(columns)
                        T.weigh(
                            &columnTables, j.lowerBound, j.upperBound, outputs,
                            cotangents.pointer(Double.self) + (row * count + cotangent) * outputs,
                            turned.pointer() + j.lowerBound, n, part.tangential.pointer(T.self) + offset,
                            part.radial.pointer(T.self) + offset, coefficients.pointer(T.self) + offset,
                            sums.pointer(Double.self) + 2 * row)
                    }
                }
            }
            let target = gradients.pointer(T.self) + cotangent * dimension
            product(
                rows.count, dimension, n, coefficients.pointer(T.self), part.stride, columns.centred.pointer(T.self),
                target, count * dimension)
            parallel(rows.count) { row in
                var program = rows.cpu.program.value
                var rowTables = T.inputs(rows.cpu)
                T.finishGradient(
                    &program, &rowTables, row, sums.pointer(Double.self) + 2 * row, blanks,
                    blanks.count,
                    gradients.pointer(T.self) + (row * count + cotangent) * dimension)
            }
        }
        return gradients
    }

    /// Weights as [outputs, n] in the precision of the gradients.
    func transposedWeights<T: CPUReal>(
        _ weights: Buffer, _ n: Int, _ outputs: Int, as type: T.Type
    ) throws(ComputeError) -> CPUMemory {
        let turned = try CPUMemory(byteCount: n * outputs * T.precision.byteCount, zeroed: false)
        T.turn(n, outputs, weights.pointer(), turned.pointer())
        return turned
    }

    /// c [m, n] ← a [m, k] b [k, n], cut so that neither a nor b is packed often.
    private func product<T: CPUReal>(
        _ m: Int, _ n: Int, _ k: Int, _ a: UnsafeMutablePointer<T>, _ lda: Int, _ b: UnsafeMutablePointer<T>,
        _ c: UnsafeMutablePointer<T>, _ ldc: Int
    ) {
        let rowParts = Self.parts(m, of: 256)
        let columnParts = Self.parts(n, of: 400)
        parallel(rowParts.count * columnParts.count) { index in
            let i = rowParts[index / columnParts.count]
            let j = columnParts[index % columnParts.count]
            T.product(
                i.count, j.count, k, a + i.lowerBound * lda, lda, b + j.lowerBound, n, isFirst: true,
                c + i.lowerBound * ldc + j.lowerBound, ldc)
        }
    }

    package func bytesPerPair(_ program: CovarianceProgram, _ precision: Precision) -> Int {
        // Scalar: value, tangential, radial, coefficients. Planes: the value; gradients keep sums over pairs alone.
        (program.geometry == .scalar ? 4 : 1) * precision.byteCount
    }
}

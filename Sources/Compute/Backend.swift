/// One device that computes: memory, matrix products, elementwise operations, covariance programs.
///
/// The protocol fixes what is computed, never how: tiling, fusion, layout and threads are the backend's.
/// Calls are made from one thread at a time per backend object; a call may return before the device has finished,
/// `read` and `gram` wait. The same call with the same arguments on the same device gives the same bits.
package protocol Backend: AnyObject, Sendable {
    var device: Device { get }
    /// Precision in which the device adds up long sums: float64 where it can.
    var accumulatePrecision: Precision { get }

    // MARK: Memory

    func allocate(_ count: Int, _ precision: Precision) throws(ComputeError) -> Buffer
    /// Copies `source` to the numbers of `buffer` from `offset` on.
    func write(_ source: UnsafeRawBufferPointer, to buffer: Buffer, offset: Int) throws(ComputeError)
    /// Copies the numbers of `buffer` from `offset` on, as many as `target` holds.
    func read(_ buffer: Buffer, offset: Int, into target: UnsafeMutableRawBufferPointer) throws(ComputeError)
    func copy(_ source: Buffer, to target: Buffer) throws(ComputeError)

    // MARK: Elementwise operations and products

    func run(_ operation: Operation) throws(ComputeError)
    func multiply(_ product: MatrixProduct) throws(ComputeError)

    /// Runs `count` sequences of operations and products that do not depend on each other, each in its order: side by
    /// side where the device has threads of its own to hand out.
    /// - Parameter body: gives its commands to the backend that it is handed, and to no other.
    func concurrently(
        _ count: Int, _ body: @Sendable (any Backend, Int) throws(ComputeError) -> Void
    ) throws(ComputeError)

    // MARK: Covariance programs

    /// What a program needs to know of each input alone: normalised inputs, variances per layer.
    /// - Parameter inputs: [count, program.input.count], row-major.
    /// - Complexity: O(count · (d + steps)) for the scalar geometry.
    func prepare(_ program: CovarianceProgram, inputs: Buffer, count: Int) throws(ComputeError) -> CovarianceInputs

    /// Covariances of the pairs of a tile, written to host memory.
    func gram(_ tile: GramTile) throws(ComputeError)

    /// Covariances of all pairs rows × columns, together with what their derivative in the row input needs.
    /// - Parameter kind: which covariance.
    func linearize(
        _ kind: CovarianceKind, rows: CovarianceInputs, columns: CovarianceInputs
    ) throws(ComputeError) -> Linearization

    /// `f[i, c] = Σ_j K(x_i, x_j) weights[j, c]`, summed in `accumulatePrecision`.
    /// - Parameters:
    ///   - weights: [columns, outputs] in `accumulatePrecision`.
    /// - Returns: [rows, outputs] in `accumulatePrecision`.
    func predict(_ linearization: Linearization, weights: Buffer, outputs: Int) throws(ComputeError) -> Buffer

    /// `linearize` and `predict` in one pass, where no gradient is wanted.
    func predict(
        _ kind: CovarianceKind, rows: CovarianceInputs, columns: CovarianceInputs, weights: Buffer, outputs: Int
    ) throws(ComputeError) -> Buffer

    /// `∇_{x_i} Σ_j (Σ_c cotangents[i, s, c] weights[j, c]) K(x_i, x_j)` for every row i and cotangent s.
    /// - Parameters:
    ///   - cotangents: [rows, count, outputs] in `accumulatePrecision`.
    ///   - weights: [columns, outputs] in `accumulatePrecision`.
    /// - Returns: [rows, count, program.input.count] in the inputs' precision.
    func pullback(
        _ linearization: Linearization, cotangents: Buffer, count: Int, weights: Buffer, outputs: Int
    ) throws(ComputeError) -> Buffer

    /// `linearize` and `pullback` in one pass, for coefficients that do not depend on the predictions.
    func gradient(
        _ kind: CovarianceKind, rows: CovarianceInputs, columns: CovarianceInputs,
        cotangents: Buffer, count: Int, weights: Buffer, outputs: Int
    ) throws(ComputeError) -> Buffer

    /// Bytes that `linearize` and `pullback` hold per pair of a row and a column.
    func bytesPerPair(_ program: CovarianceProgram, _ precision: Precision) -> Int
}

extension Backend {
    package func concurrently(
        _ count: Int, _ body: @Sendable (any Backend, Int) throws(ComputeError) -> Void
    ) throws(ComputeError) {
        for index in 0..<count { try body(self, index) }
    }

    package func predict(
        _ kind: CovarianceKind, rows: CovarianceInputs, columns: CovarianceInputs, weights: Buffer, outputs: Int
    ) throws(ComputeError) -> Buffer {
        try predict(linearize(kind, rows: rows, columns: columns), weights: weights, outputs: outputs)
    }

    package func gradient(
        _ kind: CovarianceKind, rows: CovarianceInputs, columns: CovarianceInputs,
        cotangents: Buffer, count: Int, weights: Buffer, outputs: Int
    ) throws(ComputeError) -> Buffer {
        let linearization = try linearize(kind, rows: rows, columns: columns)
        return try pullback(linearization, cotangents: cotangents, count: count, weights: weights, outputs: outputs)
    }
}

/// Inputs on a device, prepared for one program. Made by `Backend.prepare`, used any number of times.
package final class CovarianceInputs: Sendable {
    package let program: CovarianceProgram
    package let count: Int
    package let precision: Precision
    /// The backend's own tables.
    package let storage: any AnyObject & Sendable

    package init(
        program: CovarianceProgram, count: Int, precision: Precision, storage: any AnyObject & Sendable
    ) {
        self.program = program
        self.count = count
        self.precision = precision
        self.storage = storage
    }
}

/// Covariances of rows × columns on a device, with the factors of their derivative in the row input.
package final class Linearization: Sendable {
    package let rows: CovarianceInputs
    package let columns: CovarianceInputs
    package let storage: any AnyObject & Sendable

    package init(rows: CovarianceInputs, columns: CovarianceInputs, storage: any AnyObject & Sendable) {
        self.rows = rows
        self.columns = columns
        self.storage = storage
    }
}

/// A rectangle of a Gram matrix and where it goes.
package struct GramTile: Sendable {
    package let rows: CovarianceInputs
    package let rowRange: Range<Int>
    package let columns: CovarianceInputs
    package let columnRange: Range<Int>
    /// Destination of each wanted covariance: a matrix of all rows × all columns, of the inputs' precision.
    package let nngp: HostMatrix?
    package let ntk: HostMatrix?

    /// Rows and columns are the same inputs: entry (i, j) is also written to (j, i), and a tile on the diagonal
    /// computes i ≥ j only.
    package var isSymmetric: Bool { rows === columns }

    /// - Precondition: destinations have the size and precision of the inputs; a symmetric tile lies on the
    ///   diagonal (equal ranges) or below it.
    package init(
        rows: CovarianceInputs, _ rowRange: Range<Int>, columns: CovarianceInputs, _ columnRange: Range<Int>,
        nngp: HostMatrix? = nil, ntk: HostMatrix? = nil
    ) {
        for matrix in [nngp, ntk].compactMap({ $0 }) {
            precondition(
                matrix.rows == rows.count && matrix.columns == columns.count && matrix.precision == rows.precision,
                "a Gram matrix of \(rows.count) × \(columns.count) does not go into \(matrix.rows) × \(matrix.columns)")
        }
        precondition(
            rows !== columns || rowRange == columnRange || rowRange.lowerBound >= columnRange.upperBound,
            "a tile above the diagonal: rows \(rowRange), columns \(columnRange)")
        self.rows = rows
        self.rowRange = rowRange
        self.columns = columns
        self.columnRange = columnRange
        self.nngp = nngp
        self.ntk = ntk
    }
}

import Compute

/// A symmetric float64 matrix in host memory whose lower triangle (i ≥ j, row-major) counts; the rest is zero pages.
///
/// LAPACK is column-major: to it the same memory is the upper triangle, hence `U` in every call, and a row of ours
/// is a column of its.
struct SymmetricMatrix {
    let n: Int
    let storage: HostMatrix

    /// A float64 copy of the lower triangle of `gram`, with `ridge` added to the diagonal.
    /// - Throws: `InferenceError.notFinite`, `.outOfMemory`.
    /// - Complexity: O(n²), n² doubles.
    init(copying gram: HostMatrix, ridge: Double, leading: Int? = nil) throws(InferenceError) {
        n = leading ?? gram.rows
        storage = try Self.matrix(n, n)
        let bad: (Int, Int, Double)? = withBase { target in
            switch gram.precision {
            case .float32: gram.withElements(as: Float.self) { Self.copy($0, gram.columns, n, target, ridge) }
            case .float64: gram.withElements(as: Double.self) { Self.copy($0, gram.columns, n, target, ridge) }
            }
        }
        if let (row, column, value) = bad { throw .notFinite("Θ", row: row, column: column, value: value) }
    }

    func withBase<R, E: Error>(_ body: (UnsafeMutablePointer<Double>) throws(E) -> R) throws(E) -> R {
        try body(storage.base.assumingMemoryBound(to: Double.self))
    }

    static func matrix(_ rows: Int, _ columns: Int) throws(InferenceError) -> HostMatrix {
        do { return try HostMatrix(rows: rows, columns: columns, precision: .float64) } catch {
            throw .outOfMemory(error)
        }
    }

    /// Copies and returns the first entry that is not finite.
    private static func copy<T: Real>(
        _ source: UnsafeMutableBufferPointer<T>, _ stride: Int, _ n: Int, _ target: UnsafeMutablePointer<Double>,
        _ ridge: Double
    ) -> (Int, Int, Double)? {
        for i in 0..<n {
            let from = source.baseAddress! + i * stride
            let to = target + i * n
            // 0 · x is 0 for finite x and NaN otherwise: the sum says whether a row holds such an entry.
            var check = 0.0
            for j in 0...i {
                let value = Double(from[j])
                to[j] = value
                check += 0 * value
            }
            to[i] += ridge
            if !check.isFinite, let j = (0...i).first(where: { !from[$0].isFinite }) {
                return (i, j, Double(from[j]))
            }
        }
        return nil
    }
}

extension HostMatrix {
    /// The diagonal, widened.
    var diagonal: [Double] { (0..<rows).map { self[$0, $0] } }
}

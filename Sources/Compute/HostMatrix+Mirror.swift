extension HostMatrix {
    /// Copies the entries of rows × columns to their transposed places.
    /// - Precondition: the block lies below the diagonal of a square matrix.
    package func mirror(rows rowRange: Range<Int>, columns columnRange: Range<Int>) {
        precondition(
            rows == columns && rowRange.upperBound <= rows && columnRange.upperBound <= rowRange.lowerBound,
            "rows \(rowRange) and columns \(columnRange) do not lie below a diagonal")
        switch precision {
        case .float32: mirror(rowRange, columnRange, as: Float.self)
        case .float64: mirror(rowRange, columnRange, as: Double.self)
        }
    }

    private func mirror<T: Real>(_ rowRange: Range<Int>, _ columnRange: Range<Int>, as type: T.Type) {
        let elements = base.assumingMemoryBound(to: T.self)
        // Blocks of 32 × 32 of both places fit in the first cache, so no line is fetched twice.
        for i0 in stride(from: rowRange.lowerBound, to: rowRange.upperBound, by: 32) {
            for j0 in stride(from: columnRange.lowerBound, to: columnRange.upperBound, by: 32) {
                for i in i0..<min(i0 + 32, rowRange.upperBound) {
                    for j in j0..<min(j0 + 32, columnRange.upperBound) {
                        elements[j * columns + i] = elements[i * columns + j]
                    }
                }
            }
        }
    }
}

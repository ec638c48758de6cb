#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// A large matrix in host memory, row-major, in either precision: what tiles of a Gram matrix are written into.
///
/// Memory comes zeroed from the system in whole pages, so that untouched parts cost nothing.
/// Writers of disjoint blocks need no lock; nobody reads a block before its writer has finished.
public final class HostMatrix: @unchecked Sendable {
    public let rows: Int
    public let columns: Int
    public let precision: Precision
    /// Start of the first row; rows follow each other without gaps.
    package let base: UnsafeMutableRawPointer
    private let byteCount: Int

    /// - Throws: ``ComputeError`` where the system refuses the memory.
    public init(rows: Int, columns: Int, precision: Precision) throws(ComputeError) {
        self.rows = rows
        self.columns = columns
        self.precision = precision
        byteCount = max(rows * columns * precision.byteCount, 1)
        let memory = mmap(nil, byteCount, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
        guard let memory, memory != MAP_FAILED else {
            throw ComputeError(
                .outOfMemory, operation: "allocating a \(rows) × \(columns) \(precision.rawValue) matrix",
                device: "host memory", detail: "\(byteCount.byteSize) were refused",
                advice: "use fewer points or a machine with more memory")
        }
        #if os(Linux)
            madvise(memory, byteCount, Int32(MADV_HUGEPAGE))
        #endif
        base = memory
    }

    deinit { munmap(base, byteCount) }

    /// The numbers as `T`.
    /// - Precondition: `T` has the matrix's precision.
    public func withElements<T: Real, R>(
        as type: T.Type, _ body: (UnsafeMutableBufferPointer<T>) throws -> R
    ) rethrows -> R {
        precondition(T.precision == precision, "a \(precision.rawValue) matrix read as \(T.precision.rawValue)")
        let pointer = base.bindMemory(to: T.self, capacity: rows * columns)
        return try body(UnsafeMutableBufferPointer(start: pointer, count: rows * columns))
    }

    /// One entry, widened; for tests and small matrices.
    public subscript(row: Int, column: Int) -> Double {
        switch precision {
        case .float32: withElements(as: Float.self) { Double($0[row * columns + column]) }
        case .float64: withElements(as: Double.self) { $0[row * columns + column] }
        }
    }

    /// The rows and columns of a range.
    /// - Throws: ``ComputeError`` where the system refuses the memory.
    package func block(_ range: Range<Int>) throws(ComputeError) -> HostMatrix {
        precondition(range.upperBound <= min(rows, columns), "block \(range) of \(rows) × \(columns)")
        let block = try HostMatrix(rows: range.count, columns: range.count, precision: precision)
        let bytes = precision.byteCount
        for (target, row) in range.enumerated() {
            memcpy(
                block.base + target * range.count * bytes, base + (row * columns + range.lowerBound) * bytes,
                range.count * bytes)
        }
        return block
    }

    /// The whole matrix as a tensor of doubles.
    public func tensor() -> Tensor<Double> {
        switch precision {
        case .float32:
            withElements(as: Float.self) { Tensor(shape: [rows, columns], elements: $0.map(Double.init)) }
        case .float64:
            withElements(as: Double.self) { Tensor(shape: [rows, columns], elements: Array($0)) }
        }
    }
}

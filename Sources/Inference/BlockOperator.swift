import Compute
import Dispatch

/// Θ in float64, ready to be multiplied with blocks of vectors many times.
///
/// The rows are shared out among the devices that know float64 and have the room; where there are none, the host
/// multiplies.
final class BlockOperator: SymmetricOperator {
    let n: Int
    private var parts: [Part] = []
    /// Θ on the host, lower triangle; nil where devices hold it.
    private var host: SymmetricMatrix?

    /// Some rows of Θ on a device, [rows, n], in buffers that the device can make.
    private struct Part {
        let backend: any Backend
        let blocks: [(rows: Range<Int>, buffer: Buffer)]
    }

    /// - Parameter gram: Θ, n × n, either precision; only i ≥ j is read.
    /// - Throws: `InferenceError.notFinite`, `.outOfMemory`, `.device`.
    /// - Complexity: O(n²), n² doubles in all.
    init(_ gram: HostMatrix, on backends: [any Backend]) throws(InferenceError) {
        n = gram.rows
        let able = Self.able(backends, n)
        guard !able.isEmpty else {
            host = try SymmetricMatrix(copying: gram, ridge: 0)
            return
        }
        let shares = (0...able.count).map { $0 * n / able.count }
        for (index, backend) in able.enumerated() {
            // A block is filled at a time on the host, so it stays small; a buffer has a largest size besides.
            let fitting = min(backend.device.maximumAllocation / (8 * n), 1024)
            var blocks: [(Range<Int>, Buffer)] = []
            for start in stride(from: shares[index], to: shares[index + 1], by: max(fitting, 1)) {
                let rows = start..<min(start + max(fitting, 1), shares[index + 1])
                let elements = try Self.rows(rows, of: gram)
                blocks.append(
                    (
                        rows,
                        try onDevice { () throws(ComputeError) in
                            try backend.upload(elements, as: .float64)
                        }
                    ))
            }
            parts.append(Part(backend: backend, blocks: blocks))
        }
    }

    /// Devices that can hold their share of the matrix.
    private static func able(_ backends: [any Backend], _ n: Int) -> [any Backend] {
        let able = backends.filter { $0.device.supportsFloat64 && $0.device.maximumAllocation >= 8 * n }
        // Half of a device is left to its other buffers.
        let isRoomy = able.allSatisfy { $0.device.memory / 2 >= 8 * n * (n / able.count + 1) }
        return isRoomy ? able : []
    }

    func multiply(
        _ vectors: UnsafePointer<Double>, count: Int, into target: UnsafeMutablePointer<Double>
    ) throws(InferenceError) {
        if let host { return try host.multiply(vectors, count: count, into: target) }
        let results = Results(parts.count)
        let input = UnsafeRawBufferPointer(start: vectors, count: count * n * 8)
        let (parts, size) = (parts, n)
        nonisolated(unsafe) let (source, destination) = (input, target)
        DispatchQueue.concurrentPerform(iterations: parts.count) { index in
            do throws(ComputeError) {
                try Self.multiply(parts[index], size, source, count, destination)
            } catch {
                results.fail(index, error)
            }
        }
        if let error = results.first { throw .device(error) }
    }

    private static func multiply(
        _ part: Part, _ n: Int, _ source: UnsafeRawBufferPointer, _ count: Int, _ target: UnsafeMutablePointer<Double>
    ) throws(ComputeError) {
        let backend = part.backend
        let vectors = try backend.allocate(count * n, .float64)
        try backend.write(source, to: vectors, offset: 0)
        var products: [(Range<Int>, Buffer)] = []
        for (rows, buffer) in part.blocks {
            let product = try backend.allocate(count * rows.count, .float64)
            try backend.multiply(
                MatrixProduct(a: vectors, b: buffer, c: product, m: count, n: rows.count, k: n, transposeB: true))
            products.append((rows, product))
        }
        for (rows, product) in products {
            let numbers = try backend.download(product)
            for vector in 0..<count {
                for (place, row) in rows.enumerated() {
                    target[vector * n + row] = numbers[vector * rows.count + place]
                }
            }
        }
    }

    /// Whole rows of the symmetric matrix from its lower triangle.
    private static func rows(_ range: Range<Int>, of gram: HostMatrix) throws(InferenceError) -> [Double] {
        switch gram.precision {
        case .float32: try rows(range, gram.base.assumingMemoryBound(to: Float.self), gram.rows)
        case .float64: try rows(range, gram.base.assumingMemoryBound(to: Double.self), gram.rows)
        }
    }

    private static func rows<T: Real>(
        _ range: Range<Int>, _ lower: UnsafeMutablePointer<T>, _ n: Int
    ) throws(InferenceError) -> [Double] {
        var elements = [Double](repeating: 0, count: range.count * n)
        var bad: (Int, Int)?
        elements.withUnsafeMutableBufferPointer { target in
            // Row j of the lower triangle holds the entries (i, j) of all later rows i, one beside the other.
            for j in 0..<n {
                var check = 0.0
                for i in range {
                    let value = Double(i >= j ? lower[i * n + j] : lower[j * n + i])
                    target[(i - range.lowerBound) * n + j] = value
                    check += 0 * value
                }
                if !check.isFinite, bad == nil {
                    bad = range.first { !lower[max($0, j) * n + min($0, j)].isFinite }.map { (max($0, j), min($0, j)) }
                }
            }
        }
        if let (row, column) = bad {
            throw .notFinite("Θ", row: row, column: column, value: Double(lower[row * n + column]))
        }
        return elements
    }
}

/// What went wrong on which device, noted from several threads.
private final class Results: @unchecked Sendable {
    private var errors: [ComputeError?]
    private let queue = DispatchQueue(label: "ntk.operator")

    init(_ count: Int) { errors = Array(repeating: nil, count: count) }

    func fail(_ index: Int, _ error: ComputeError) { queue.sync { errors[index] = error } }

    var first: ComputeError? { queue.sync { errors.compactMap { $0 }.first } }
}

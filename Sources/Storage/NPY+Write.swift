import Compute

/// A number that is written to `.npy` files as it stands in memory.
package protocol NPYElement: BitwiseCopyable, Sendable {
    static var npyType: NPYType { get }
}

extension Float: NPYElement {
    package static var npyType: NPYType { .float32 }
}

extension Double: NPYElement {
    package static var npyType: NPYType { .float64 }
}

extension Int32: NPYElement {
    package static var npyType: NPYType { .int32 }
}

/// Every writer here goes through ``AtomicFile``: the file appears whole or not at all.
/// C order, little endian, version 1.0, numbers from a multiple of 64 bytes on.
extension NPY {
    /// Writes a tensor of float32, float64 or int32.
    package static func write<T: NPYElement>(
        _ tensor: Tensor<T>, to path: String, calls: FileCalls = .system
    ) throws(StorageError) {
        try write(shape: tensor.shape, type: T.npyType, to: path, calls: calls) { sink throws(StorageError) in
            try sink.write(tensor.elements)
        }
    }

    /// Writes a matrix in its own precision, straight from its memory.
    package static func write(
        _ matrix: HostMatrix, to path: String, calls: FileCalls = .system
    ) throws(StorageError) {
        let type = NPYType(matrix.precision)
        let shape = [matrix.rows, matrix.columns]
        try write(shape: shape, type: type, to: path, calls: calls) { sink throws(StorageError) in
            let byteCount = matrix.rows * matrix.columns * matrix.precision.byteCount
            try sink.write(UnsafeRawBufferPointer(start: matrix.base, count: byteCount))
        }
    }

    /// Writes a symmetric matrix from its tiles.
    /// - Parameter onStrip: told how many rows are written.
    package static func write(
        _ strips: SymmetricStrips, to path: String, calls: FileCalls = .system,
        onStrip: (_ rows: Int) -> Void = { _ in }
    ) throws(StorageError) {
        let type = NPYType(strips.matrix.precision)
        let shape = [strips.matrix.rows, strips.matrix.rows]
        try write(shape: shape, type: type, to: path, calls: calls) { sink throws(StorageError) in
            try strips.forEach { rows, numbers throws(StorageError) in
                try sink.write(numbers)
                onStrip(rows.upperBound)
            }
        }
    }

    /// Writes an array that is never in memory as a whole: `body` hands its numbers to the sink, in C order.
    ///
    /// - Precondition: `body` writes as many bytes as `shape` takes.
    package static func write(
        shape: [Int], type: NPYType, to path: String, calls: FileCalls = .system,
        _ body: (FileSink) throws(StorageError) -> Void
    ) throws(StorageError) {
        precondition(1.littleEndian == 1, "numbers are written as they stand in memory: little endian")
        try AtomicFile.write(to: path, calls: calls) { sink throws(StorageError) in
            let header = NPYHeader(type: type, shape: shape).bytes
            try sink.write(header)
            try body(sink)
            let expected = header.count + shape.reduce(type.byteCount, *)
            precondition(sink.position == expected, "\(sink.position) bytes were written for shape \(shape)")
        }
    }
}

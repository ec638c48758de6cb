import Compute

/// Arrays as numpy's `.npy` files.
package enum NPY {}

/// What a `.npy` file holds.
package enum NPYArray: Sendable, Equatable {
    /// float32 or float64, widened to `Double`.
    case floating(Tensor<Double>, stored: Precision)
    /// uint8, int32 or int64.
    case integer(Tensor<Int>)

    package var shape: [Int] {
        switch self {
        case .floating(let tensor, _): tensor.shape
        case .integer(let tensor): tensor.shape
        }
    }
}

extension NPY {
    /// Reads an array; one in Fortran order is put into C order.
    ///
    /// - Parameter rows: how many rows of the first axis are wanted at most; the rest of the file is not read.
    /// - Throws: ``StorageError``: `damaged` where the size of the file is not the one that its header says,
    ///   `unsupported` for other number formats, big-endian numbers and pickled objects.
    package static func read(_ path: String, rows: Int? = nil) throws(StorageError) -> NPYArray {
        let file = try FileReader(path: path)
        var (header, start) = try NPYHeader.read(from: file)
        var count = try checkedCount(header, start, file)
        if let rows, let all = header.shape.first, rows < all, !header.isFortranOrder {
            count = count / all * rows
            header.shape[0] = rows
        }
        switch header.type {
        case .float32:
            let tensor = try elements(Float.self, count, header, file)
            return .floating(
                Tensor(shape: tensor.shape, elements: tensor.elements.widened()), stored: .float32)
        case .float64: return .floating(try elements(Double.self, count, header, file), stored: .float64)
        case .uint8: return .integer(try elements(UInt8.self, count, header, file).map(Int.init))
        case .int32: return .integer(try elements(Int32.self, count, header, file).map(Int.init))
        case .int64: return .integer(try elements(Int64.self, count, header, file).map(Int.init))
        }
    }

    /// Reads a large float32 or float64 matrix [rows, columns] in its own precision, straight into place.
    package static func readMatrix(_ path: String) throws -> HostMatrix {
        let file = try FileReader(path: path)
        let (header, start) = try NPYHeader.read(from: file)
        let count = try checkedCount(header, start, file)
        guard header.shape.count == 2, !header.isFortranOrder, header.type == .float32 || header.type == .float64 else {
            throw StorageError.unsupported(
                path, "it is no matrix of float32 or float64 in C order", advice: "save it with numpy.ascontiguousarray"
            )
        }
        let precision: Precision = header.type == .float32 ? .float32 : .float64
        let matrix = try HostMatrix(rows: header.shape[0], columns: header.shape[1], precision: precision)
        let buffer = UnsafeMutableRawBufferPointer(start: matrix.base, count: count * precision.byteCount)
        guard try file.read(into: buffer) == buffer.count else { throw StorageError.damaged(path, "it has shrunk") }
        return matrix
    }

    /// What an array is, without its numbers.
    /// - Throws: as ``read(_:rows:)``.
    package static func header(_ path: String) throws(StorageError) -> NPYHeader {
        let file = try FileReader(path: path)
        let (header, start) = try NPYHeader.read(from: file)
        _ = try checkedCount(header, start, file)
        return header
    }

    /// How many numbers there are, once the file's size is known to fit.
    static func checkedCount(
        _ header: NPYHeader, _ start: Int, _ file: FileReader
    ) throws(StorageError) -> Int {
        var bytes = header.type.byteCount
        for extent in header.shape {
            let (product, overflow) = bytes.multipliedReportingOverflow(by: extent)
            guard !overflow else { throw .damaged(file.path, "its shape \(header.shape) is beyond all memory") }
            bytes = product
        }
        guard file.size - start == bytes else {
            throw .damaged(
                file.path,
                "\(file.size - start) bytes of numbers stand where shape \(header.shape) takes \(bytes)")
        }
        return bytes / header.type.byteCount
    }

    private static func elements<T: BitwiseCopyable & Sendable>(
        _ type: T.Type, _ count: Int, _ header: NPYHeader, _ file: FileReader
    ) throws(StorageError) -> Tensor<T> {
        var failure: StorageError?
        let elements = [T](unsafeUninitializedCapacity: count) { buffer, filled in
            do throws(StorageError) {
                let bytes = UnsafeMutableRawBufferPointer(buffer)
                guard try file.read(into: bytes) == bytes.count else { throw .damaged(file.path, "it has shrunk") }
                filled = count
            } catch { failure = error }
        }
        if let failure { throw failure }
        return Tensor(
            shape: header.shape,
            elements: header.isFortranOrder ? rowMajor(elements, shape: header.shape) : elements)
    }

    /// The same array with the last axis fastest instead of the first.
    private static func rowMajor<T>(_ elements: [T], shape: [Int]) -> [T] {
        var result: [T] = []
        result.reserveCapacity(elements.count)
        let strides = shape.indices.map { shape[..<$0].reduce(1, *) }
        var index = [Int](repeating: 0, count: shape.count)
        var offset = 0
        while result.count < elements.count {
            result.append(elements[offset])
            for axis in shape.indices.reversed() {
                index[axis] += 1
                offset += strides[axis]
                if index[axis] < shape[axis] { break }
                offset -= shape[axis] * strides[axis]
                index[axis] = 0
            }
        }
        return result
    }
}

extension Backend {
    /// Sends numbers to the device, rounded to `precision`.
    package func upload(_ elements: [Double], as precision: Precision) throws(ComputeError) -> Buffer {
        let buffer = try allocate(elements.count, precision)
        switch precision {
        case .float32: try write(elements.rounded(), to: buffer)
        case .float64: try write(elements, to: buffer)
        }
        return buffer
    }

    /// Copies numbers of the buffer's own precision.
    package func write<T: Real>(_ elements: [T], to buffer: Buffer) throws(ComputeError) {
        precondition(T.precision == buffer.precision && elements.count <= buffer.count)
        do {
            try elements.withUnsafeBytes { bytes in try write(bytes, to: buffer, offset: 0) }
        } catch let error as ComputeError {
            throw error
        } catch {
            preconditionFailure("\(error)")
        }
    }

    /// The numbers of a buffer, widened to double.
    package func download(_ buffer: Buffer) throws(ComputeError) -> [Double] {
        switch buffer.precision {
        case .float32: try numbers(of: buffer, as: Float.self).widened()
        case .float64: try numbers(of: buffer, as: Double.self)
        }
    }

    /// The numbers of a buffer of precision T.
    package func numbers<T: Real>(of buffer: Buffer, as type: T.Type) throws(ComputeError) -> [T] {
        var elements = [T](repeating: 0, count: buffer.count)
        do {
            try elements.withUnsafeMutableBytes { bytes in try read(buffer, offset: 0, into: bytes) }
        } catch let error as ComputeError {
            throw error
        } catch {
            preconditionFailure("\(error)")
        }
        return elements
    }
}

// Plain loops over plain memory: the compiler makes vectors of them.

extension [Double] {
    /// To the nearest single-precision numbers.
    package func rounded() -> [Float] {
        withUnsafeBufferPointer { source in
            [Float](unsafeUninitializedCapacity: source.count) { target, count in
                for index in source.indices { target[index] = Float(source[index]) }
                count = source.count
            }
        }
    }
}

extension [Float] {
    package func widened() -> [Double] {
        withUnsafeBufferPointer { source in
            [Double](unsafeUninitializedCapacity: source.count) { target, count in
                for index in source.indices { target[index] = Double(source[index]) }
                count = source.count
            }
        }
    }
}

extension Backend {
    /// Sends numbers to the device, rounded to `precision`.
    package func upload<T: Real>(_ elements: [T], as precision: Precision) throws(ComputeError) -> Buffer {
        let buffer = try allocate(elements.count, precision)
        switch (precision, T.precision) {
        case (.float32, .float64): try write(elements.map(Float.init), to: buffer)
        case (.float64, .float32): try write(elements.map(Double.init), to: buffer)
        default: try write(elements, to: buffer)
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
        case .float32: try elements(of: buffer, as: Float.self).map(Double.init)
        case .float64: try elements(of: buffer, as: Double.self)
        }
    }

    private func elements<T: Real>(of buffer: Buffer, as type: T.Type) throws(ComputeError) -> [T] {
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

import COpenCL
import Compute

/// A `clGet…Info` function with its object and parameter bound: capacity, destination, needed size.
typealias InfoQuery = (Int, UnsafeMutableRawPointer?, UnsafeMutablePointer<Int>?) -> cl_int

extension CallMonitor {
    func bytes(_ call: StaticString, _ doing: String, _ query: InfoQuery) throws(ComputeError) -> [UInt8] {
        var size = 0
        try check(call, doing) { query(0, nil, &size) }
        var bytes = [UInt8](repeating: 0, count: size)
        try check(call, doing) { bytes.withUnsafeMutableBytes { query(size, $0.baseAddress, nil) } }
        return bytes
    }

    /// Text without the NUL and without blanks around it.
    func text(_ call: StaticString, _ doing: String, _ query: InfoQuery) throws(ComputeError) -> String {
        let text = String(decoding: try bytes(call, doing, query).prefix { $0 != 0 }, as: UTF8.self)
        let isBlank: (Character) -> Bool = { $0.isWhitespace }
        return String(text.drop(while: isBlank).reversed().drop(while: isBlank).reversed())
    }

    /// A number or a handle; `initial` gives its type.
    func value<T: BitwiseCopyable>(
        _ call: StaticString, _ doing: String, _ initial: T, _ query: InfoQuery
    ) throws(ComputeError) -> T {
        var value = initial
        try check(call, doing) {
            withUnsafeMutableBytes(of: &value) { query($0.count, $0.baseAddress, nil) }
        }
        return value
    }

    /// Numbers or handles of the type of `initial`.
    func list<T: BitwiseCopyable>(
        _ call: StaticString, _ doing: String, of initial: T, _ query: InfoQuery
    ) throws(ComputeError) -> [T] {
        let bytes = try bytes(call, doing, query)
        var values = [T](repeating: initial, count: bytes.count / MemoryLayout<T>.stride)
        values.withUnsafeMutableBytes { $0.copyBytes(from: bytes.prefix($0.count)) }
        return values
    }
}

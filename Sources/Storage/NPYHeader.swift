import Compute

/// The number formats of `.npy` files that are read or written here, little endian.
package enum NPYType: String, Sendable, CaseIterable {
    case float32 = "<f4"
    case float64 = "<f8"
    case uint8 = "|u1"
    case int32 = "<i4"
    case int64 = "<i8"

    init(_ precision: Precision) {
        self =
            switch precision {
            case .float32: .float32
            case .float64: .float64
            }
    }

    package var byteCount: Int {
        switch self {
        case .uint8: 1
        case .float32, .int32: 4
        case .float64, .int64: 8
        }
    }
}

/// What stands before the numbers of a `.npy` file.
///
/// Source: numpy.lib.format, versions 1.0 and 2.0: the magic `\x93NUMPY`, two version bytes, the length of the text
/// (2 or 4 bytes, little endian), then a Python dictionary as text, padded so that the numbers start at a multiple of 64.
package struct NPYHeader: Sendable, Equatable {
    package var type: NPYType
    package var shape: [Int]
    /// Whether the first axis is the fastest.
    package var isFortranOrder = false

    static let magic: [UInt8] = [0x93] + Array("NUMPY".utf8)

    /// The header's bytes, version 1.0.
    package var bytes: [UInt8] {
        let axes = shape.map(String.init).joined(separator: ", ") + (shape.count == 1 ? "," : "")
        var text =
            "{'descr': '\(type.rawValue)', 'fortran_order': \(isFortranOrder ? "True" : "False"), 'shape': (\(axes)), }"
        let fixed = Self.magic.count + 4
        let unpadded = fixed + text.utf8.count + 1
        text += String(repeating: " ", count: (64 - unpadded % 64) % 64) + "\n"
        let length = text.utf8.count
        return Self.magic + [1, 0, UInt8(length & 255), UInt8(length >> 8)] + Array(text.utf8)
    }

    /// Reads the header and leaves the file at the first number.
    ///
    /// - Returns: the header, and how many bytes it takes.
    static func read(from file: FileReader) throws(StorageError) -> (header: NPYHeader, byteCount: Int) {
        let path = file.path
        let start = try file.read(upTo: 8)
        guard start.starts(with: magic) else {
            if magic.starts(with: start) { throw .damaged(path, "it ends within the header") }
            throw .unsupported(path, "it is not a .npy file", advice: "save it with numpy.save")
        }
        guard start.count == 8 else { throw .damaged(path, "it ends within the header") }
        guard (1...3).contains(start[6]) else {
            throw .unsupported(
                path, "it is of .npy version \(start[6]).\(start[7])",
                advice: "save it with numpy.save as version 1 or 2")
        }
        let lengthSize = start[6] == 1 ? 2 : 4
        let lengthBytes = try file.read(upTo: lengthSize)
        let length = lengthBytes.reversed().reduce(0) { $0 << 8 | Int($1) }
        guard lengthBytes.count == lengthSize, length <= file.size else {
            throw .damaged(path, "it ends within the header")
        }
        let text = try file.read(upTo: length)
        guard text.count == length else { throw .damaged(path, "it ends within the header") }
        var parser = NPYHeaderParser(text: text, path: path)
        return (try parser.header(), 8 + lengthSize + length)
    }
}

import Compute
import Foundation

/// Arrays of a `.npz` file whose members are stored without compression: what the golden data are made of.
///
/// Reads `.npy` format 1.0, C order, `<f8` and `<i4`. The central directory says where members are, so local
/// headers with 64-bit size fields do no harm.
package struct NPZArchive: Sendable {
    package let path: String
    private let bytes: [UInt8]
    /// Where the bytes of each array's `.npy` are, by array name.
    private let members: [String: Range<Int>]

    package init(path: String) throws {
        self.path = path
        bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
        members = try Self.directory(of: bytes, path)
    }

    package var names: [String] { members.keys.sorted() }

    package func contains(_ name: String) -> Bool { members[name] != nil }

    /// The numbers of an array, integers converted.
    package func tensor(_ name: String) throws -> Tensor<Double> {
        let (shape, type, data) = try array(name)
        let count = shape.reduce(1, *)
        let elements: [Double]
        switch (type, data.count) {
        case ("<f8", 8 * count):
            elements = (0..<count).map {
                Double(bitPattern: UInt64(truncatingIfNeeded: Self.integer(bytes, data.lowerBound + 8 * $0, 8)))
            }
        case ("<i4", 4 * count):
            elements = (0..<count).map {
                Double(Int32(truncatingIfNeeded: Self.integer(bytes, data.lowerBound + 4 * $0, 4)))
            }
        default: throw NPZError(path: path, detail: "\(name) has type \(type) and \(data.count) bytes")
        }
        return Tensor(shape: shape, elements: elements)
    }

    private func array(_ name: String) throws -> (shape: [Int], type: String, data: Range<Int>) {
        guard let member = members[name] else {
            throw NPZError(path: path, detail: "no array \(name) among \(names.joined(separator: ", "))")
        }
        let start = member.lowerBound
        guard member.count >= 10, bytes[start..<start + 6].elementsEqual([0x93] + Array("NUMPY".utf8)),
            bytes[start + 6] == 1
        else { throw NPZError(path: path, detail: "\(name) is not in npy format 1.0") }
        let length = Self.integer(bytes, start + 8, 2)
        let header = String(decoding: bytes[start + 10..<start + 10 + length], as: UTF8.self)
        guard header.contains("'fortran_order': False"),
            let type = header.firstMatch(of: /'descr': '([^']+)'/)?.1,
            let shape = header.firstMatch(of: /'shape': \(([^)]*)\)/)?.1
        else { throw NPZError(path: path, detail: "\(name) has the header \(header)") }
        let extents = shape.split(separator: ",").compactMap { Int($0.trimmingCharacters(in: .whitespaces)) }
        return (extents, String(type), start + 10 + length..<member.upperBound)
    }

    private static func directory(of bytes: [UInt8], _ path: String) throws -> [String: Range<Int>] {
        // The end record is 22 bytes and has no comment in files that numpy writes; search back over a short one.
        let candidates = stride(from: bytes.count - 22, through: max(0, bytes.count - 22 - 1024), by: -1)
        guard let end = candidates.first(where: { integer(bytes, $0, 4) == 0x0605_4b50 }) else {
            throw NPZError(path: path, detail: "not a zip archive")
        }
        var members: [String: Range<Int>] = [:]
        var entry = integer(bytes, end + 16, 4)
        for _ in 0..<integer(bytes, end + 10, 2) {
            guard integer(bytes, entry, 4) == 0x0201_4b50, integer(bytes, entry + 10, 2) == 0 else {
                throw NPZError(path: path, detail: "a member is compressed or its directory entry is damaged")
            }
            let nameLength = integer(bytes, entry + 28, 2)
            let name = String(decoding: bytes[entry + 46..<entry + 46 + nameLength], as: UTF8.self)
            let local = integer(bytes, entry + 42, 4)
            let start = local + 30 + integer(bytes, local + 26, 2) + integer(bytes, local + 28, 2)
            let range = start..<start + integer(bytes, entry + 24, 4)
            guard range.upperBound <= bytes.count else {
                throw NPZError(path: path, detail: "\(name) is cut off")
            }
            members[name.hasSuffix(".npy") ? String(name.dropLast(4)) : name] = range
            entry += 46 + nameLength + integer(bytes, entry + 30, 2) + integer(bytes, entry + 32, 2)
        }
        return members
    }

    /// A little-endian unsigned integer of `size` bytes.
    private static func integer(_ bytes: [UInt8], _ offset: Int, _ size: Int) -> Int {
        guard offset >= 0, offset + size <= bytes.count else { return 0 }
        var value: UInt64 = 0
        for byte in bytes[offset..<offset + size].reversed() { value = value << 8 | UInt64(byte) }
        return Int(truncatingIfNeeded: value)
    }
}

/// What is wrong with a file.
package struct NPZError: Error, CustomStringConvertible {
    package let path: String
    package let detail: String

    package var description: String { "\(path): \(detail)" }
}

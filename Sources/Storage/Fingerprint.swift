import Foundation

/// A short name for contents: two fingerprints are equal where, and for all practical purposes only where, the
/// canonical bytes are.
package struct Fingerprint: Hashable, Sendable, Codable, CustomStringConvertible {
    /// SHA256 as 64 lower-case hexadecimal digits.
    package let hex: String

    package init(of bytes: [UInt8]) throws(StorageError) {
        let digest = try SHA256()
        digest.update(bytes)
        hex = try digest.finish()
    }

    package init(of text: String) throws(StorageError) { try self.init(of: Array(text.utf8)) }

    /// Of a value's canonical bytes: JSON with sorted keys and no white space.
    package init(encoding value: some Encodable) throws {
        try self.init(of: [UInt8](JSONEncoder.canonical.encode(value)))
    }

    package init(from decoder: any Decoder) throws { hex = try decoder.singleValueContainer().decode(String.self) }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(hex)
    }

    /// The first twelve digits: enough to name a folder.
    package var short: String { String(hex.prefix(12)) }
    package var description: String { hex }
}

extension JSONEncoder {
    /// One value, one text: sorted keys, no white space; infinities and NaN as `"inf"`, `"-inf"`, `"nan"`.
    package static var canonical: JSONEncoder {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        encoder.nonConformingFloatEncodingStrategy = .convertToString(
            positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
        return encoder
    }
}

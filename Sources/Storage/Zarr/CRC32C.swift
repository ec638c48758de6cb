import CISAL

/// CRC-32C, the checksum of Castagnoli's polynomial: what Zarr's codec `crc32c` puts behind a chunk.
///
/// Source: RFC 3720, appendix B.4; computed by ISA-L, which uses the processor's instructions where it has them.
enum CRC32C {
    static func value(_ bytes: UnsafeRawBufferPointer) -> UInt32 {
        var register = ~UInt32(0)
        var rest = bytes[...]
        // The library counts bytes with 32 bits.
        while !rest.isEmpty {
            let part = UnsafeRawBufferPointer(rebasing: rest.prefix(1 << 30))
            let start = UnsafeMutableRawPointer(mutating: part.baseAddress!).assumingMemoryBound(to: UInt8.self)
            register = crc32_iscsi(start, Int32(part.count), register)
            rest = rest.dropFirst(part.count)
        }
        return ~register
    }
}

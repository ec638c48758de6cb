import Testing

@testable import Storage

/// The examples of RFC 3720, appendix B.4, and the customary check value.
@Suite struct CRC32CTests {
    @Test(
        arguments: [
            ([UInt8](repeating: 0, count: 32), 0x8a91_36aa), ([UInt8](repeating: 0xff, count: 32), 0x62a8_ab43),
            (Array(0..<32), 0x46dd_794e), ((0..<32).reversed(), 0x113f_db5c), (Array("123456789".utf8), 0xe306_9283),
            ([], 0),
        ] as [([UInt8], UInt32)])
    func published(bytes: [UInt8], value: UInt32) {
        #expect(bytes.withUnsafeBytes { CRC32C.value($0) } == value)
    }
}

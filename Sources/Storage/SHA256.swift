import COpenSSL

/// A running SHA256 digest.
///
/// Source: FIPS 180-4, through OpenSSL's EVP interface, which uses the processor's instructions where it has them.
package final class SHA256 {
    private let context: OpaquePointer
    private var isSound: Bool

    package init() throws(StorageError) {
        guard let context = EVP_MD_CTX_new() else { throw Self.unavailable }
        self.context = context
        isSound = EVP_DigestInit_ex(context, EVP_sha256(), nil) == 1
        if !isSound { throw Self.unavailable }
    }

    deinit { EVP_MD_CTX_free(context) }

    package func update(_ bytes: UnsafeRawBufferPointer) {
        guard let start = bytes.baseAddress, !bytes.isEmpty else { return }
        if EVP_DigestUpdate(context, start, bytes.count) != 1 { isSound = false }
    }

    package func update(_ bytes: [UInt8]) { bytes.withUnsafeBytes(update) }

    /// 64 lower-case hexadecimal digits. The digest is over: nothing can be added.
    package func finish() throws(StorageError) -> String {
        var digest = [UInt8](repeating: 0, count: 32)
        guard isSound, EVP_DigestFinal_ex(context, &digest, nil) == 1 else { throw Self.unavailable }
        isSound = false
        return digest.reduce(into: "") { text, byte in
            if byte < 16 { text += "0" }
            text += String(byte, radix: 16)
        }
    }

    /// Of everything that is left in a source.
    package static func hex(of source: any ByteSource) throws(StorageError) -> String {
        let digest = try SHA256()
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 16)
        defer { buffer.deallocate() }
        while true {
            let count = try source.read(into: buffer)
            digest.update(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
            if count < buffer.count { return try digest.finish() }
        }
    }

    /// Of a file as it stands.
    package static func hex(ofFile path: String) throws(StorageError) -> String {
        try hex(of: FileReader(path: path))
    }

    /// Of what a file unpacks to: the same whether the file is gzip or plain.
    package static func hex(ofContentsOf path: String) throws(StorageError) -> String {
        try hex(of: FileReader.unpacking(path))
    }

    private static var unavailable: StorageError {
        StorageError(
            .unsupported, path: "SHA256", failure: "cannot be computed", reason: "OpenSSL refused the digest",
            advice: "check the installation of libcrypto")
    }
}

import Compute
import Foundation

/// Compiled programs on disk. Whatever is wrong with the folder or an entry, the answer is "not there".
///
/// An entry is named by a hash of its key and holds the whole key, so that two keys never share one.
package struct ProgramCache: Sendable {
    private static let magic: [UInt8] = Array("ntkprog1".utf8)

    package let folder: URL

    package init(folder: URL) { self.folder = folder }

    /// `$XDG_CACHE_HOME/ntk` or `~/.cache/ntk`; nil where neither is known.
    /// - Parameter environment: of the process.
    package init?(environment: [String: String]) {
        guard let path = CacheFolder.path(environment: environment) else { return nil }
        folder = URL(filePath: path)
    }

    package func entry(_ key: String) -> URL {
        let bytes = Array(key.utf8)
        let hash = String(Self.hash(bytes), radix: 16)
        return folder.appending(path: "\(hash)-\(bytes.count).program")
    }

    /// The program stored under `key`; nil where there is none or it is damaged.
    func load(_ key: String) -> [UInt8]? {
        guard let data = try? Data(contentsOf: entry(key)) else { return nil }
        let bytes = [UInt8](data)
        let keyBytes = Array(key.utf8)
        let header = Self.magic.count + 8 + keyBytes.count
        guard bytes.count > header, bytes.starts(with: Self.magic) else { return nil }
        let stored = bytes[Self.magic.count..<Self.magic.count + 8].reduce(0) { $0 << 8 | UInt64($1) }
        let content = Array(bytes[(Self.magic.count + 8)...])
        guard stored == Self.hash(content), content.starts(with: keyBytes) else { return nil }
        return Array(content[keyBytes.count...])
    }

    /// Stores a program, atomically.
    func store(_ program: [UInt8], _ key: String) {
        let content = Array(key.utf8) + program
        let hash = Self.hash(content)
        let bytes = Self.magic + (0..<8).map { UInt8(truncatingIfNeeded: hash >> (56 - 8 * $0)) } + content
        // A cache that cannot be written is no cache: the next run builds again.
        try? FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        try? Data(bytes).write(to: entry(key), options: .atomic)
    }

    /// 64-bit FNV-1a.
    private static func hash(_ bytes: [UInt8]) -> UInt64 {
        bytes.reduce(0xcbf2_9ce4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
    }
}

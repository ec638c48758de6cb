import Foundation

/// The folder of reference data: `NTK_GOLDEN`, else `Tests/Golden` of the package.
package enum Golden {
    package static var folder: String {
        if let folder = ProcessInfo.processInfo.environment["NTK_GOLDEN"], !folder.isEmpty { return folder }
        return URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .appendingPathComponent("Golden").path
    }

    /// False where the data are absent: tests that need them are skipped.
    package static var isPresent: Bool { FileManager.default.fileExists(atPath: folder + "/extra.json") }

    package static func archive(_ name: String) throws -> NPZArchive {
        try NPZArchive(path: folder + "/" + name + ".npz")
    }

    /// A file such as `extra.json`, decoded; keys are mapped from snake case.
    package static func decode<T: Decodable>(_ type: T.Type, from file: String) throws -> T {
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        return try decoder.decode(type, from: Data(contentsOf: URL(fileURLWithPath: folder + "/" + file)))
    }
}

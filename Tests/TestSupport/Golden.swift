import Foundation

/// The folder of reference data: `NTK_GOLDEN`, else `Tests/Golden` of the package.
package enum Golden {
    package static var folder: String {
        if let folder = ProcessInfo.processInfo.environment["NTK_GOLDEN"], !folder.isEmpty { return folder }
        return tests("Golden")
    }

    /// Further nets in the same format, with the script that makes them.
    package static let pooledNets = tests("PooledNets")

    private static func tests(_ name: String) -> String {
        URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .appendingPathComponent(name).path
    }

    /// False where the data are absent: tests that need them are skipped.
    package static var isPresent: Bool { FileManager.default.fileExists(atPath: folder + "/extra.json") }

    package static func archive(_ name: String) throws -> NPZArchive {
        let further = pooledNets + "/" + name + ".npz"
        let isFurther = FileManager.default.fileExists(atPath: further)
        return try NPZArchive(path: isFurther ? further : folder + "/" + name + ".npz")
    }

    /// A file such as `extra.json`, decoded; keys are mapped from snake case.
    package static func decode<T: Decodable>(
        _ type: T.Type, from file: String, in folder: String = folder
    ) throws -> T {
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        return try decoder.decode(type, from: Data(contentsOf: URL(fileURLWithPath: folder + "/" + file)))
    }
}

import Foundation
import Storage

/// The folder that a run writes to, and goes on from after an interruption.
package struct RunFolder: Sendable {
    /// Puts bytes at a path such that a reader sees the old file or the new one, never a part.
    package typealias AtomicWrite = @Sendable (_ bytes: Data, _ path: String) throws -> Void

    package let path: String
    /// The folder was there already, made from the same configuration and data.
    package let isResumed: Bool
    private let atomicWrite: AtomicWrite

    /// `runs/<config name>/<run id>`.
    package static func defaultPath(name: String, id: String) -> String { "runs/\(name)/\(id)" }

    /// Makes the folder, or opens it if it was made from the same configuration and the same data.
    /// - Parameters:
    ///   - path: `configuration.output`, or `defaultPath`.
    ///   - data: SHA256 by name of each file that is read.
    /// - Throws: `taken` where the folder belongs to another run. Nothing is ever overwritten.
    package init(
        _ configuration: Configuration, at path: String, data: [String: String], write: @escaping AtomicWrite
    ) throws(RunFolderError) {
        self.path = path
        atomicWrite = write
        let files = try Self.files(in: path)
        if files.contains("config.yaml") {
            isResumed = true
            try requireSame(configuration, data)
            return
        }
        isResumed = false
        let foreign = files.filter { !Self.isOwn($0) }.sorted()
        guard foreign.isEmpty else {
            let names = foreign.prefix(3).joined(separator: ", ")
            throw RunFolderError(.taken, "'\(path)' is no run folder (it holds \(names)); choose another output")
        }
        do {
            try FileManager.default.createDirectory(atPath: path + "/arrays", withIntermediateDirectories: true)
        } catch {
            let reason = error.localizedDescription
            throw RunFolderError(.inaccessible, "the run folder '\(path)' cannot be made: \(reason)")
        }
        var resolved = configuration
        resolved.output = path
        // The configuration comes last: a folder that has one is complete.
        try self.write(Manifest(data: data))
        try self.write(Data(resolved.resolved(comments: true).utf8), to: "config.yaml")
    }

    /// Opens a folder to look at what it holds.
    /// - Throws: `taken` where it is no run folder.
    package init(
        existing path: String, write: @escaping AtomicWrite = { try AtomicFile.write(Array($0), to: $1) }
    ) throws(RunFolderError) {
        self.path = path
        isResumed = true
        atomicWrite = write
        guard try Self.files(in: path).contains("config.yaml") else {
            throw RunFolderError(.taken, "'\(path)' is no run folder: it holds no config.yaml")
        }
    }

    /// The resolved configuration that the folder was made from.
    package func configuration() throws(RunFolderError) -> Configuration {
        do throws(ConfigurationError) {
            return try Configuration.load(path + "/config.yaml", environment: [:])
        } catch {
            let reason = "holds a configuration that cannot be read (\(error))"
            throw RunFolderError(.taken, "the run folder '\(path)' \(reason); \(Self.advice)")
        }
    }

    private func requireSame(_ configuration: Configuration, _ data: [String: String]) throws(RunFolderError) {
        var differences = configuration.differences(from: try self.configuration())
        let known = try manifest().data
        let changed = Set(known.keys).union(data.keys).filter { known[$0] != data[$0] }.sorted()
        differences += changed.map { "the content of \($0)" }
        guard differences.isEmpty else {
            let origin = changed.count == differences.count ? "other data" : "another configuration"
            let list = differences.joined(separator: ", ")
            throw RunFolderError(
                .taken, "the run folder '\(path)' was made from \(origin) (differs in: \(list)); \(Self.advice)")
        }
    }

    private static let advice = "choose another output or remove the folder"

    /// What a run that was stopped while its folder was made leaves behind, temporary names included.
    private static func isOwn(_ file: String) -> Bool {
        ["arrays", "gram.zarr"].contains(file) || ["manifest.json", "config.yaml", "."].contains { file.hasPrefix($0) }
    }

    private static func files(in path: String) throws(RunFolderError) -> [String] {
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else { return [] }
        guard isFolder.boolValue else {
            throw RunFolderError(.taken, "the run folder '\(path)' is a file; choose another output")
        }
        do {
            return try FileManager.default.contentsOfDirectory(atPath: path)
        } catch {
            let reason = error.localizedDescription
            throw RunFolderError(.inaccessible, "the run folder '\(path)' cannot be read: \(reason)")
        }
    }
}

extension RunFolder {
    /// Path of an array, `arrays/<name>.npy`.
    package func array(_ name: String) -> String { "\(path)/arrays/\(name).npy" }

    /// Writes a file of the folder.
    /// - Parameter name: relative to the folder.
    package func write(_ bytes: Data, to name: String) throws(RunFolderError) {
        do {
            try atomicWrite(bytes, path + "/" + name)
        } catch let error as StorageError {
            throw RunFolderError(.inaccessible, error.description)
        } catch {
            throw RunFolderError(.inaccessible, "'\(path)/\(name)' cannot be written: \(error)")
        }
    }

    /// The bytes of a file of the folder, nil where there is none.
    func read(_ name: String) throws(RunFolderError) -> Data? {
        let file = path + "/" + name
        guard FileManager.default.fileExists(atPath: file) else { return nil }
        do {
            return try Data(contentsOf: URL(fileURLWithPath: file))
        } catch {
            throw RunFolderError(.inaccessible, "'\(file)' cannot be read: \(error.localizedDescription)")
        }
    }
}

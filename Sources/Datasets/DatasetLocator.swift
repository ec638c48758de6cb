import Foundation
import Storage

/// Where data sets are looked for.
///
/// In this order: the root; `./data`; the XDG data folder (`$XDG_DATA_HOME/ntk`, else `~/.local/share/ntk`);
/// `/usr/share/datasets`. In each, the folder itself and then its subfolder named like the data set.
package struct DatasetLocator: Sendable {
    /// Without the subfolders.
    package let folders: [String]
    /// Where downloads go: `<XDG data folder>/ntk`.
    package let downloadFolder: String
    let registry: DatasetRegistry

    /// - Parameters:
    ///   - root: searched first; nil or empty for what `NTK_DATA` in `environment` names.
    package init(
        root: String? = nil, environment: [String: String] = ProcessInfo.processInfo.environment,
        currentFolder: String = ".", systemFolder: String = "/usr/share/datasets", registry: DatasetRegistry = .standard
    ) {
        let root = root.flatMap { $0.isEmpty ? nil : $0 } ?? environment["NTK_DATA"].flatMap { $0.isEmpty ? nil : $0 }
        // The XDG specification has relative paths ignored.
        let xdg = environment["XDG_DATA_HOME"].flatMap { $0.hasPrefix("/") ? $0 : nil }
        downloadFolder = (xdg ?? (environment["HOME"] ?? NSHomeDirectory()) + "/.local/share") + "/ntk"
        folders = (root.map { [$0] } ?? []) + [currentFolder + "/data", downloadFolder, systemFolder]
        self.registry = registry
    }

    /// An edition of which every file was found.
    struct Found: Sendable, Equatable {
        let edition: DatasetEdition
        /// Of the training files, then of the test files.
        let paths: [String]

        var trainPaths: [String] { Array(paths.prefix(edition.train.count)) }
        var testPaths: [String] { Array(paths.dropFirst(edition.train.count)) }
    }

    /// Every folder that may hold the files of an edition, in order.
    func candidates(_ description: DatasetDescription, _ edition: DatasetEdition) -> [String] {
        folders.flatMap { folder in
            ["", "/" + description.name.rawValue].flatMap { subfolder in
                [folder + subfolder] + edition.folders.map { folder + subfolder + "/" + $0 }
            }
        }
    }

    /// The first edition, in their order of preference, that holds the classes and of which a folder has every file.
    func locate(_ description: DatasetDescription, classes: Set<Int>) throws(DatasetError) -> Found {
        var notes: [String] = []
        for edition in description.editions {
            if let held = edition.classes, !classes.isSubset(of: held) { continue }
            for folder in candidates(description, edition) {
                let paths = edition.files.map { path(of: $0, in: folder) }
                let missing = zip(edition.files, paths).filter { $1 == nil }.map { $0.0.name }
                if missing.count == paths.count { continue }
                guard missing.isEmpty else {
                    notes.append("\(folder) lacks \(missing.joined(separator: ", "))")
                    continue
                }
                let found = Found(edition: edition, paths: paths.compactMap { $0 })
                if let other = owner(of: Array(zip(edition.files, found.paths)), besides: description) {
                    notes.append("\(folder) holds \(other.rawValue) under the same file names")
                    continue
                }
                return found
            }
        }
        let note = notes.isEmpty ? "" : " (\(notes.joined(separator: "; ")))"
        throw DatasetError(
            .missing,
            "\(description.name.rawValue) was not found in \(folders.joined(separator: ", "))\(note); "
                + "\(description.advice), or name its folder in data.root or NTK_DATA")
    }

    /// The path of a file in a folder, under any of its names.
    func path(of file: DatasetFile, in folder: String) -> String? {
        file.candidates.lazy.map { folder + "/" + $0 }.first { FileManager.default.fileExists(atPath: $0) }
    }

    /// Another data set that the smallest of these files is known to belong to: MNIST and its likes share file names.
    func owner(
        of found: [(file: DatasetFile, path: String)], besides description: DatasetDescription
    ) -> DatasetName? {
        guard let (file, path) = found.min(by: { $0.file.byteCount < $1.file.byteCount }) else { return nil }
        let others = registry.descriptions.filter { other in
            other.name != description.name && other.editions.contains { $0.files.contains { $0.name == file.name } }
        }
        // A damaged file is for the reader to report.
        guard !others.isEmpty, let sha256 = try? SHA256.hex(ofContentsOf: path), sha256 != file.sha256 else {
            return nil
        }
        return others.first { $0.editions.contains { $0.files.contains { $0.sha256 == sha256 } } }?.name
    }
}

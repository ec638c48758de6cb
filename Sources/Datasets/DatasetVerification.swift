import Storage

/// What became of one file of a data set.
package struct FileVerification: Sendable, Equatable {
    package enum Status: Sendable, Equatable {
        case ok
        case missing
        /// Why, as a sentence.
        case damaged(String)
    }

    /// As published, unpacked.
    package let name: String
    /// Where it was found; nil where it is missing.
    package let path: String?
    package let status: Status
    /// Of its contents, unpacked; nil where they could not be read.
    package let sha256: String?
}

extension DatasetLocator {
    /// Every file of every edition of which there is any; where there is none, the full set's files as missing.
    ///
    /// - Complexity: reads all the files.
    package func verify(_ name: DatasetName) throws(DatasetError) -> [FileVerification] {
        guard let description = registry[name] else {
            throw DatasetError(.request, "\(name.rawValue) has no published files; verify one of \(knownNames)")
        }
        var results: [FileVerification] = []
        for edition in description.editions {
            guard let folder = fullestFolder(description, edition) else { continue }
            results += edition.files.map { verify($0, path(of: $0, in: folder)) }
        }
        if results.isEmpty, let edition = description.editions.first { results = edition.files.map { verify($0, nil) } }
        return results
    }

    /// Where the files of a data set are, by edition; only editions that are complete. Opens no large file.
    package func availability(
        of name: DatasetName
    ) -> [(edition: DatasetEdition, folder: String)] {
        guard let description = registry[name] else { return [] }
        return description.editions.compactMap { edition in
            fullestFolder(description, edition).flatMap { folder in
                edition.files.allSatisfy { path(of: $0, in: folder) != nil } ? (edition, folder) : nil
            }
        }
    }

    var knownNames: String { registry.descriptions.map(\.name.rawValue).joined(separator: ", ") }

    /// The folder with the most files of an edition, the first of several; not one with another data set's.
    private func fullestFolder(_ description: DatasetDescription, _ edition: DatasetEdition) -> String? {
        var best: (folder: String, count: Int)?
        for folder in candidates(description, edition) {
            let found = edition.files.compactMap { file in path(of: file, in: folder).map { (file: file, path: $0) } }
            if found.count > best?.count ?? 0, owner(of: found, besides: description) == nil {
                best = (folder, found.count)
            }
        }
        return best?.folder
    }

    private func verify(_ file: DatasetFile, _ path: String?) -> FileVerification {
        guard let path else { return FileVerification(name: file.name, path: nil, status: .missing, sha256: nil) }
        do throws(StorageError) {
            let sha256 = try SHA256.hex(ofContentsOf: path)
            let status: FileVerification.Status =
                sha256 == file.sha256
                ? .ok
                : .damaged(
                    StorageError.damaged(path, "SHA256 \(sha256) is not the published \(file.sha256)").description)
            return FileVerification(name: file.name, path: path, status: status, sha256: sha256)
        } catch {
            return FileVerification(name: file.name, path: path, status: .damaged(error.description), sha256: nil)
        }
    }
}

import Foundation
import Storage

/// Downloads published data sets into `<XDG data folder>/ntk/<name>`.
///
/// What has arrived stands in `<file>.part` until its SHA256 is the published one; an interrupted download goes on
/// from there. Nothing that is not verified ever gets the file's own name.
package struct DatasetFetcher: Sendable {
    /// File, bytes there are, bytes there will be where known.
    package typealias Progress = @Sendable (_ file: String, _ done: Int, _ total: Int?) -> Void

    let locator: DatasetLocator

    package init(locator: DatasetLocator) { self.locator = locator }

    /// - Returns: the paths of all files of the full set.
    package func fetch(
        _ name: DatasetName, progress: @escaping Progress = { _, _, _ in }
    ) async throws(DatasetError) -> [String] {
        guard let description = locator.registry[name], let edition = description.editions.first else {

            throw DatasetError(.request, "\(name.rawValue) is not served anywhere; fetch one of \(locator.knownNames)")
        }
        let folder = locator.downloadFolder + "/" + name.rawValue
        do {
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        } catch {
            throw DatasetError(
                .unreadable,
                "\(folder) cannot be created: \(error.localizedDescription); choose another in XDG_DATA_HOME")
        }
        if let archive = edition.archive { return try await fetch(archive, of: edition, into: folder, progress) }
        var paths: [String] = []
        for file in edition.files {
            let path = folder + "/" + file.name + ".gz"
            if (try? SHA256.hex(ofContentsOf: path)) != file.sha256 {
                let part = try await download(file, to: path + ".part", progress) { part throws(StorageError) in
                    try SHA256.hex(ofContentsOf: part)
                }
                try move(part, to: path)
            }
            paths.append(path)
        }
        return paths
    }

    /// Downloads an archive and takes an edition's files out of it.
    private func fetch(
        _ archive: DatasetFile, of edition: DatasetEdition, into folder: String, _ progress: @escaping Progress
    ) async throws(DatasetError) -> [String] {
        let paths = edition.files.map { folder + "/" + $0.name }
        if zip(edition.files, paths).allSatisfy({ (try? SHA256.hex(ofFile: $1)) == $0.sha256 }) { return paths }
        let part = try await download(archive, to: folder + "/" + archive.name + ".part", progress) {
            part throws(StorageError) in try SHA256.hex(ofFile: part)
        }
        do throws(StorageError) {
            try TarReader(FileReader.unpacking(part)).forEachFile { name, member throws(StorageError) in
                guard let file = edition.files.first(where: { name == $0.name || name.hasSuffix("/" + $0.name) }) else {
                    return
                }
                try AtomicFile.write(to: folder + "/" + file.name) { sink throws(StorageError) in
                    let source = try DigestingSource(member)
                    while true {
                        let block = try source.read(upTo: 1 << 20)
                        try sink.write(block)
                        if block.count < 1 << 20 { break }
                    }
                    let sha256 = try source.finish()
                    guard sha256 == file.sha256 else {
                        throw .damaged(part, "\(name) in it has SHA256 \(sha256), not \(file.sha256)")
                    }
                }
            }
        } catch { throw DatasetError(error) }
        for path in paths where !FileManager.default.fileExists(atPath: path) {
            throw .damaged(part, "it lacks \(path)")
        }
        unlink(part)
        return paths
    }

    /// Downloads a file from the first address that gives it, and verifies it.
    ///
    /// - Returns: `part`.
    private func download(
        _ file: DatasetFile, to part: String, _ progress: @escaping Progress,
        digest: (String) throws(StorageError) -> String
    ) async throws(DatasetError) -> String {
        let descriptor = open(part, O_RDWR | O_CREAT | O_CLOEXEC, 0o666)
        guard descriptor >= 0 else {
            throw DatasetError(
                .unreadable,
                "\(part) cannot be written: \(SystemError.last.message); choose another folder in XDG_DATA_HOME")
        }
        defer { close(descriptor) }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            throw DatasetError(.unreadable, "\(part) is being written by another process; wait for it to end")
        }
        var failure = DatasetError(.download, "\(file.name) is served nowhere; provide it yourself")
        for address in file.urls {
            guard let url = URL(string: address) else { continue }
            // A part that does not verify is thrown away and fetched once more from its beginning.
            for _ in 0..<2 {
                do throws(DatasetError) {
                    _ = try await RangeDownload(url: url, descriptor: descriptor) { progress(file.name, $0, $1) }.run()
                    let found: String
                    do { found = try digest(part) } catch { throw DatasetError(error) }
                    if found == file.sha256 {
                        fsync(descriptor)
                        return part
                    }
                    throw .damaged(url.absoluteString, "it has SHA256 \(found), not \(file.sha256)")
                } catch {
                    failure = error
                    if Task.isCancelled { throw failure }
                    if error.kind == .download { break }
                    ftruncate(descriptor, 0)
                }
            }
        }
        if lseek(descriptor, 0, SEEK_END) == 0 { unlink(part) }
        throw failure
    }

    private func move(_ part: String, to path: String) throws(DatasetError) {
        guard rename(part, path) == 0 else {
            throw DatasetError(
                .unreadable,
                "\(path) cannot be written: \(SystemError.last.message); choose another folder in XDG_DATA_HOME")
        }
    }
}

import Compute
import Foundation
import Storage

/// A run's folder, or a tile store alone, as ``Export`` finds it.
struct ExportSource: Sendable {
    /// As it was given, without slashes at the end.
    let path: String
    /// The run whose folder it is, or that the store belongs to.
    private let run: RunFolder?
    /// Whether the whole run is exported.
    let isRun: Bool
    private let stores: [(name: String, store: TileStore)]
    /// The `.npy` files of a run, by name.
    let arrays: [(name: String, path: String)]

    /// - Throws: ``RunFolderError`` where the folder is neither.
    init(_ path: String) throws {
        self.path = path.count > 1 && path.hasSuffix("/") ? String(path.reversed().drop { $0 == "/" }.reversed()) : path
        if Self.isRun(self.path) {
            let run = try RunFolder(existing: self.path)
            (self.run, isRun) = (run, true)
            stores = try Self.names(in: self.path, ".zarr", prefix: "gram").compactMap { name in
                try TileStore.open(path: "\(run.path)/\(name).zarr").map { (name, $0) }
            }
            arrays = Self.names(in: self.path + "/arrays", ".npy").map { ($0, run.array($0)) }
            return
        }
        guard let store = try Self.store(self.path) else {
            throw RunFolderError(
                .taken,
                "'\(path)' is neither a run folder (it holds no config.yaml) nor a tile store (it holds no "
                    + "zarr.json); name one of the two")
        }
        let (above, name) = Self.split(self.path)
        run = Self.isRun(above) ? try RunFolder(existing: above) : nil
        isRun = false
        stores = [((name as NSString).deletingPathExtension, store)]
        arrays = []
    }

    /// The folder that a path stands in, and its name there; of `.` those of the folder that it means.
    private static func split(_ path: String) -> (folder: String, name: String) {
        let name = (path as NSString).lastPathComponent
        guard name != ".", name != ".." else {
            return split(URL(fileURLWithPath: path).standardizedFileURL.path)
        }
        let folder = (path as NSString).deletingLastPathComponent
        return (folder.isEmpty ? "." : folder, name)
    }

    private static func isRun(_ path: String) -> Bool {
        FileManager.default.fileExists(atPath: path + "/config.yaml")
    }

    private static func store(_ path: String) throws -> TileStore? {
        do throws(StorageError) { return try TileStore.open(path: path) } catch {
            guard error.kind == .unsupported else { throw error }
            throw RunFolderError(
                .taken, "'\(path)' is no tile store as a run writes it; name the folder of a run or its gram.zarr")
        }
    }

    /// Names of the files and folders with an ending, without it, sorted.
    private static func names(in folder: String, _ ending: String, prefix: String = "") -> [String] {
        let files = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        return files.filter { $0.hasPrefix(prefix) && $0.hasSuffix(ending) && !$0.hasPrefix(".") }
            .map { String($0.dropLast(ending.count)) }.sorted()
    }

    /// Path of a file of one matrix: in the run's folder, or beside the store.
    func file(of matrix: Export.Matrix) -> String {
        let name = "\(matrix.store)_\(matrix.kind.rawValue).npy"
        return isRun ? "\(path)/\(name)" : beside(name)
    }

    /// Path of a file of everything, beside the folder.
    var file: String { beside((isRun ? Self.split(path).name : stores[0].name) + ".h5") }

    private func beside(_ name: String) -> String {
        let folder = Self.split(path).folder
        return folder == "." ? name : "\(folder)/\(name)"
    }

    /// All that have been begun.
    var matrices: [Export.Matrix] {
        get throws {
            var matrices: [Export.Matrix] = []
            for (name, store) in stores {
                for kind in CovarianceKind.allCases {
                    guard let tiles = try store.matrix(kind.rawValue) else { continue }
                    matrices.append(.init(store: name, kind: kind, tiles: tiles))
                }
            }
            return matrices
        }
    }

    /// Texts of the file as a whole: the run's configuration, or what the store was made from.
    var attributes: [String: String] {
        guard isRun else { return stores[0].store.attributes }
        return (try? String(contentsOfFile: path + "/config.yaml", encoding: .utf8)).map { ["config": $0] } ?? [:]
    }

    /// Groups of a run's file, one for each store, with what the store was made from.
    var groups: [(name: String, attributes: [String: String])] {
        isRun ? stores.map { ($0.name, $0.store.attributes) } : []
    }

    /// That there is nothing to export.
    func nothing(_ kind: CovarianceKind?) -> RunFolderError {
        let matrix = kind.map { "no matrix \($0.rawValue)" } ?? "no Gram matrix"
        guard isRun else {
            return RunFolderError(.inaccessible, "the tile store '\(path)' holds \(matrix); \(advice)")
        }
        return RunFolderError(
            .inaccessible, "the run '\(path)' has \(matrix) on disk; run it with compute.store=always in a new folder")
    }

    /// Refuses a matrix of which tiles are missing.
    func requireComplete(_ matrix: Export.Matrix) throws(RunFolderError) {
        let missing = matrix.tiles.missingTiles
        guard missing > 0 else { return }
        throw RunFolderError(
            .inaccessible,
            "'\(matrix.tiles.path)' lacks \(missing) of \(matrix.tiles.lowerTiles) tiles; \(advice), then export again")
    }

    /// The error of a damaged tile, with what to do about it.
    func advised(_ error: StorageError) -> StorageError {
        StorageError(
            error.kind, path: error.path, failure: error.failure, reason: error.reason,
            advice: "\(advice), then export again")
    }

    /// How missing tiles come into being.
    private var advice: String {
        guard let run else { return "compute what is missing with ntk worker in the run that the store belongs to" }
        return "compute what is missing with ntk worker \(run.path)"
    }
}

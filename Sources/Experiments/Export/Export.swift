import Compute
import Foundation
import Scheduling
import Storage

/// Gram matrices of tile stores, and the arrays of a run, for programs that know no Zarr: `ntk export`.
///
/// Matrices are written whole, both sides of the diagonal, a strip of rows at a time.
package struct Export: Sendable {
    package enum Format: String, Sendable, CaseIterable {
        /// One file with everything.
        case hdf5
        /// A file for each Gram matrix: a run's other arrays are `.npy` files.
        case npy
    }

    /// A matrix of a tile store.
    struct Matrix: Sendable {
        /// Name of the store without its ending, `gram`.
        let store: String
        let kind: CovarianceKind
        let tiles: ZarrMatrix
    }

    private let source: ExportSource
    private let matrices: [Matrix]
    private let format: Format
    private let output: String?
    private let observer: RunObserver

    /// - Parameters:
    ///   - path: folder of a run or of a tile store.
    ///   - kind: the only matrix that is wanted; nil for all.
    ///   - output: file to write; nil for a name beside the store, or beside the run's folder.
    /// - Throws: ``RunFolderError``, ``StorageError`` where there is nothing to export or a tile is missing.
    package init(
        _ path: String, kind: CovarianceKind?, format: Format, to output: String?, observer: @escaping RunObserver
    ) throws {
        source = try ExportSource(path)
        matrices = try source.matrices.filter { kind == nil || $0.kind == kind }
        self.format = format
        self.output = output
        self.observer = observer
        guard !matrices.isEmpty || (format == .hdf5 && kind == nil && !source.arrays.isEmpty) else {
            throw source.nothing(kind)
        }
        for matrix in matrices { try source.requireComplete(matrix) }
    }

    /// Writes the files.
    /// - Returns: a row for each array: file, name, shape, type.
    /// - Throws: ``RunFolderError`` where a file is there already; ``StorageError``, `ComputeError`.
    /// - Complexity: each tile off the diagonal is read twice.
    package func execute() throws -> [[String]] {
        let files = try outputs()
        for file in files {
            if FileManager.default.fileExists(atPath: file) {
                throw RunFolderError(.taken, "'\(file)' is there already; remove it or choose another --output")
            }
            AtomicFile.removeLeftovers(in: URL(fileURLWithPath: file).deletingLastPathComponent().path)
        }
        do {
            switch format {
            case .hdf5: return try hdf5(files[0])
            case .npy: return try zip(matrices, files).map { try npy($0, $1) }
            }
        } catch let error as StorageError where error.kind == .damaged {
            throw source.advised(error)
        }
    }

    private func outputs() throws -> [String] {
        switch format {
        case .hdf5: return [output ?? source.file]
        case .npy:
            guard let output else { return matrices.map { source.file(of: $0) } }
            guard matrices.count == 1 else {
                let names = matrices.map { "\($0.store)/\($0.kind.rawValue)" }.joined(separator: ", ")
                throw RunFolderError(
                    .taken,
                    "'\(output)' is one file and there are \(matrices.count) matrices (\(names)); choose one with "
                        + "--matrix, or leave out --output")
            }
            return [output]
        }
    }

    private func npy(_ matrix: Matrix, _ path: String) throws -> [String] {
        try NPY.write(SymmetricStrips(matrix.tiles), to: path, onStrip: progress(matrix))
        return row(path, "-", matrix)
    }

    private func hdf5(_ path: String) throws -> [[String]] {
        // Memory and headers are asked for before the file is begun.
        let strips = try matrices.map { try SymmetricStrips($0.tiles) }
        let arrays = try source.arrays.map { ($0, try NPY.header($0.path)) }
        var rows: [[String]] = []
        try HDF5File.write(to: path) { file throws(StorageError) in
            try file.add(source.attributes)
            for (store, attributes) in source.groups { try file.addGroup(store, attributes: attributes) }
            for (matrix, strips) in zip(matrices, strips) {
                let name = source.isRun ? "\(matrix.store)/\(matrix.kind.rawValue)" : matrix.kind.rawValue
                try file.add(strips, as: name, onStrip: progress(matrix))
                rows.append(row(path, name, matrix))
            }
            if !arrays.isEmpty { try file.addGroup("arrays") }
            for (array, header) in arrays {
                try file.add(npy: array.path, as: "arrays/" + array.name)
                rows.append([path, "arrays/" + array.name, Self.text(header.shape), "\(header.type)"])
            }
        }
        return rows
    }

    private func row(_ path: String, _ name: String, _ matrix: Matrix) -> [String] {
        [path, name, Self.text([matrix.tiles.rows, matrix.tiles.rows]), matrix.tiles.precision.rawValue]
    }

    private static func text(_ shape: [Int]) -> String { shape.map(String.init).joined(separator: " × ") }

    private func progress(_ matrix: Matrix) -> (Int) -> Void {
        let line = ProgressLine(label: "\(matrix.store)/\(matrix.kind.rawValue)", item: "rows")
        return { [observer, total = matrix.tiles.rows] done in
            observer(.progress(line.text(done: done, total: total, work: 0, totalWork: 0, seconds: 0)))
        }
    }
}

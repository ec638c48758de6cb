import Compute
import Foundation
import Inference
import Storage

/// Eigenpairs on disk, in `$XDG_CACHE_HOME/ntk/spectra`: the same Gram matrix is decomposed once, by whichever run
/// comes first.
///
/// An entry is named by a digest of the matrix, of how many pairs were asked for and of the devices, so that whether
/// it is there changes no bit of a result. What is read is checked against the matrix. Whatever is wrong with the
/// folder or an entry, the answer is "not there".
struct SpectrumStore: Sendable {
    let folder: String
    /// Bytes of all entries; the oldest go first.
    var capacity = 8 << 30

    init(folder: String) { self.folder = folder }

    init?(environment: [String: String] = ProcessInfo.processInfo.environment) {
        guard let cache = CacheFolder.path(environment: environment) else { return nil }
        folder = cache + "/spectra"
    }

    /// Name of an entry.
    /// - Parameters:
    ///   - count: pairs that are asked for.
    ///   - devices: what multiplies.
    func key(_ gram: HostMatrix, count: Int, devices: [String]) throws(StorageError) -> String {
        let digest = try SHA256()
        digest.update(Array("spectrum 1 \(gram.rows) \(gram.precision.rawValue) \(count) \(devices)".utf8))
        let byteCount = gram.rows * gram.columns * gram.precision.byteCount
        digest.update(UnsafeRawBufferPointer(start: gram.base, count: byteCount))
        return try digest.finish()
    }

    /// Name of an entry for a matrix on disk, which is what its tiles were made from.
    func key(_ gram: StoredGram, _ origin: GramOrigin, _ kind: CovarianceKind, count: Int) throws
        -> String
    {
        let made = "\(try Fingerprint(encoding: origin.attributes)) \(kind.rawValue)"
        return try Fingerprint(of: "spectrum 1 on disk \(gram.n) \(gram.tile) \(count) \(made)").hex
    }

    func load(_ key: String, for gram: HostMatrix) -> Spectrum? {
        load(key, points: gram.rows).flatMap { $0.fits(gram) ? $0 : nil }
    }

    /// - Complexity: the tiles are read once where there is an entry.
    func load(_ key: String, for gram: StoredGram) -> Spectrum? {
        load(key, points: gram.n).flatMap { (try? $0.fits(gram)) == true ? $0 : nil }
    }

    private func load(_ key: String, points n: Int) -> Spectrum? {
        guard let table = try? NPY.readMatrix(path(key)), table.precision == .float64, table.rows > 0,
            table.columns == n + 2, table.rows <= n,
            let rows = try? HostMatrix(rows: table.rows, columns: n, precision: .float64)
        else { return nil }
        var eigenvalues: [Double] = []
        var residual = -1.0
        table.withElements(as: Double.self) { source in
            rows.withElements(as: Double.self) { target in
                for r in 0..<table.rows {
                    eigenvalues.append(source[r * (n + 2)])
                    residual = source[r * (n + 2) + 1]
                    (target.baseAddress! + r * n).update(from: source.baseAddress! + r * (n + 2) + 2, count: n)
                }
            }
        }
        return Spectrum(
            eigenvalues: eigenvalues.reversed(), rows: rows, residual: residual >= 0 ? residual : nil)
    }

    /// Stores eigenpairs: a row for each, of the eigenvalue, the residual (−1 for none) and the vector.
    func store(_ spectrum: Spectrum, _ key: String) {
        let (n, count) = (spectrum.n, spectrum.count)
        let header = [spectrum.residual ?? -1]
        let size = count * (n + 2) * 8
        guard size <= capacity / 2 else { return }
        // A cache that cannot be written is no cache: the next run computes again.
        try? FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        makeRoom(size)
        try? NPY.write(shape: [count, n + 2], type: .float64, to: path(key)) { sink throws(StorageError) in
            for r in 0..<count {
                try sink.write([spectrum.eigenvalues[count - 1 - r]] + header)
                let row = spectrum.rows.base + r * n * 8
                try sink.write(UnsafeRawBufferPointer(start: row, count: n * 8))
            }
        }
    }

    /// Removes the oldest entries until `size` more bytes fit.
    private func makeRoom(_ size: Int) {
        AtomicFile.removeLeftovers(in: folder)
        let names = ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).filter {
            $0.hasSuffix(".npy")
        }
        var entries: [(path: String, date: Date, size: Int)] = names.compactMap { name in
            let path = folder + "/" + name
            guard let attributes = try? FileManager.default.attributesOfItem(atPath: path),
                let date = attributes[.modificationDate] as? Date, let size = attributes[.size] as? Int
            else { return nil }
            return (path, date, size)
        }
        entries.sort { $0.date > $1.date }
        while let oldest = entries.last, entries.reduce(size, { $0 + $1.size }) > capacity {
            try? FileManager.default.removeItem(atPath: oldest.path)
            entries.removeLast()
        }
    }

    private func path(_ key: String) -> String { "\(folder)/\(key).npy" }
}

import Compute
import Inference

extension RunStages {
    /// Eigenpairs of the Gram matrix of `model`, where the run needs them.
    func spectrum(_ gram: HostMatrix) async throws -> Spectrum? {
        guard let count = configuration.wantedEigenvalues(of: gram.rows) else { return nil }
        return try await journal.measure("spectrum") { try spectrum(gram, count: count) }
    }

    /// Eigenpairs of a Gram matrix: found in the cache, or computed and kept there.
    func spectrum(_ gram: HostMatrix, count: Int) throws -> Spectrum {
        let devices = backends.map { "\($0.device.backend) \($0.device.name)" }
        return try kept(
            key: { try $0.key(gram, count: count, devices: devices) }, load: { $0.load($1, for: gram) },
            compute: { try .largest(count, of: gram, on: backends) })
    }

    /// The largest eigenpairs of a Gram matrix on disk, likewise.
    func spectrum(
        _ gram: StoredGram, _ origin: GramOrigin, count: Int, memory: Int,
        _ control: TiledRegression.Control
    ) throws -> Spectrum {
        try kept(
            key: { try $0.key(gram, origin, configuration.kernel.type, count: count) },
            load: { $0.load($1, for: gram) },
            compute: { try .largest(count, of: gram, memory: memory, control: control) })
    }

    private func kept(
        key: (SpectrumStore) throws -> String, load: (SpectrumStore, String) -> Spectrum?,
        compute: () throws -> Spectrum
    ) throws -> Spectrum {
        guard let store = SpectrumStore() else { return try compute() }
        let key = try key(store)
        if let known = load(store, key) {
            journal.note("spectrum", ["found": key, "eigenvalues": "\(known.count)"])
            return known
        }
        let spectrum = try compute()
        store.store(spectrum, key)
        return spectrum
    }
}

extension FeaturesSection {
    /// Eigenvalues of n that the features need.
    func wantedEigenvalues(of n: Int) -> Int { min(n, max(count, (indices.max() ?? 0) + 1)) }

    /// Indices of the features that are looked at: the first `count`, then the others.
    func features(of n: Int) -> [Int] {
        let first = min(count, n)
        return Array(0..<first) + indices.filter { $0 >= first }
    }

    /// Numbers of features of the truncated machines, of `available` features.
    func machineSizes(_ available: Int) -> [Int] {
        if let machines { return machines.filter { $0 <= available } }
        // 1, 2, 5, 10, 20, 50, … and all.
        var sizes: [Int] = []
        var decade = 1
        while decade < available {
            sizes += [1, 2, 5].map { $0 * decade }.filter { $0 < available }
            decade *= 10
        }
        return sizes + [available]
    }
}

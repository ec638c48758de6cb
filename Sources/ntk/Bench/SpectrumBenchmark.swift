import Compute
import Inference
import TangentKernels

/// Eigenpairs and solves of Θ(X, X): one hidden layer, on inputs whose variances fall like those of natural images.
///
/// They are float64 whatever the precision of Θ; the share of the peak is that of the kernels' precision.
struct SpectrumBenchmark: Benchmark {
    enum Task: Sendable {
        /// All eigenpairs.
        case eigh
        /// Those of the largest eigenvalues.
        case top(Int)
        /// The factor of Θ + λI.
        case cholesky
    }

    let name: String
    let task: Task
    let count: Int

    static let all = [
        SpectrumBenchmark(name: "eigh-5000", task: .eigh, count: 5000),
        SpectrumBenchmark(name: "top100-10000", task: .top(100), count: 10_000),
        SpectrumBenchmark(name: "cholesky-10000", task: .cholesky, count: 10_000),
    ]

    func sized(count: Int?) -> SpectrumBenchmark {
        SpectrumBenchmark(name: name, task: task, count: count ?? self.count)
    }

    var unit: String {
        switch task {
        case .eigh, .top: "eigenpairs"
        case .cholesky: "rows"
        }
    }

    var work: Int {
        switch task {
        case .eigh, .cholesky: count
        case .top(let wanted): min(wanted, count)
        }
    }

    /// What textbooks count; of a search for some eigenpairs the least, one product with each.
    var flops: Double {
        let n = Double(count)
        return switch task {
        case .eigh: 9 * n * n * n
        case .top: 2 * n * n * Double(work)
        case .cholesky: n * n * n / 3
        }
    }

    func prepare(on backend: any Backend, _ precision: Precision) throws -> @Sendable () async throws -> Void {
        let dimension = 784
        var inputs = RandomInputs.normal([count, dimension], seed: 0)
        for place in inputs.elements.indices { inputs.elements[place] *= 28 / Double(place % dimension + 1) }
        let program = try Architecture.fc(depth: 1).program(channels: dimension)
        let prepared = try backend.prepare(program, inputs: inputs, precision)
        let gram = try HostMatrix(rows: count, columns: count, precision: precision)
        let tile = backend.device.tile
        let ranges = stride(from: 0, to: count, by: tile).map { $0..<min($0 + tile, count) }
        for (place, rows) in ranges.enumerated() {
            for columns in ranges[...place] {
                try backend.gram(GramTile(rows: prepared, rows, columns: prepared, columns, ntk: gram))
            }
        }
        return { [task, work] in
            switch task {
            case .eigh: _ = try Spectrum(of: gram)
            case .top: _ = try Spectrum.largest(work, of: gram, on: [backend])
            case .cholesky: _ = try CholeskyFactor(gram, ridge: 1e-3 * gram[0, 0], diagReg: 1e-3)
            }
        }
    }
}

import CPUBackend
import Compute
import TestSupport

@testable import OpenCLBackend

/// Programs and inputs that both backends are compared on.
enum CovarianceCases {
    struct Net: Sendable, CustomStringConvertible {
        let description: String
        let steps: [CovarianceStep]

        func program(_ dimension: Int) -> CovarianceProgram {
            CovarianceProgram(
                geometry: .scalar, input: .init(height: 1, width: 1, channels: dimension), steps: steps)
        }
    }

    private static let dense = CovarianceStep.dense(weightVariance: 2, biasVariance: 0.01)
    private static let plain = CovarianceStep.dense(weightVariance: 1.5, biasVariance: 0)
    private static let relu = CovarianceStep.abrelu(a: 0, b: 1)

    static let nets = [
        Net(description: "linear", steps: [dense]),
        Net(description: "relu", steps: [dense, relu, dense, relu, dense]),
        Net(description: "relu without bias", steps: [plain, relu, plain, relu, plain, relu, plain]),
        Net(description: "leaky relu, abs", steps: [dense, .abrelu(a: 0.1, b: 1), dense, .abrelu(a: -1, b: 1), dense]),
        Net(description: "erf", steps: [dense, .erf, dense, .erf, dense]),
        Net(description: "gelu", steps: [dense, .gelu, dense, .gelu, dense]),
        Net(
            description: "layer norm",
            steps: [dense, .layerNorm(eps: 1e-5), relu, dense, .layerNorm(eps: 1e-5), .erf, dense]),
        Net(
            description: "nested residual",
            steps: [
                dense, .fork, relu, dense, .fork, .gelu, dense, .exchange, .join, relu, dense, .exchange, dense, .join,
                relu, dense,
            ]),
    ]

    /// Inputs in which every kind of pair occurs: far, near, equal, opposite, zero, tiny, huge.
    static func inputs(_ count: Int, _ dimension: Int, seed: UInt64) -> [Double] {
        var generator = SeededGenerator(seed: seed)
        var x = (0..<count * dimension).map { _ in Double.random(in: -1...1, using: &generator) }
        func row(_ i: Int, _ value: (Int) -> Double) {
            guard i < count else { return }
            for k in 0..<dimension { x[i * dimension + k] = value(k) }
        }
        let first = Array(x[0..<dimension])
        row(1) { first[$0] }
        row(2) { -first[$0] }
        row(3) { _ in 0 }
        row(4) { first[$0] * 0x1p-30 }
        row(5) { first[$0] * 0x1p20 }
        row(6) { first[$0] + ($0 == 0 ? 1e-3 : 0) }
        return x
    }

    /// Ordinary inputs.
    static func random(_ count: Int, _ dimension: Int, seed: UInt64) -> [Double] {
        var generator = SeededGenerator(seed: seed)
        return (0..<count * dimension).map { _ in Double.random(in: -1...1, using: &generator) }
    }

    /// Both forms, whatever the device is: on a processor the group form is the one for GPUs.
    static func backend(_ form: CovarianceForm) throws -> OpenCLBackend {
        try OpenCLBackend(Machine.device(), form: form, cache: nil)
    }

    /// Largest difference over the largest number of `expected`.
    static func error(_ result: [Double], _ expected: [Double]) -> Double {
        let largest = expected.map(abs).max() ?? 0
        let difference = zip(result, expected).map { abs($0 - $1) }
        // NaN must not pass as small.
        guard difference.allSatisfy(\.isFinite) else { return .infinity }
        return (difference.max() ?? 0) / (largest > 0 ? largest : 1)
    }
}

extension Precision {
    /// Rounding of products of some hundred terms, in units of the largest entry.
    var valueBound: Double { self == .float32 ? 2e-6 : 1e-13 }
    /// A gradient sums over columns besides.
    var gradientBound: Double { self == .float32 ? 1e-5 : 1e-12 }
}

extension Backend {
    func prepared(
        _ program: CovarianceProgram, _ inputs: [Double], _ precision: Precision
    ) throws -> CovarianceInputs {
        try prepare(program, inputs: upload(inputs, as: precision), count: inputs.count / program.input.count)
    }

    /// K of both kinds, tile by tile.
    func matrices(
        rows: CovarianceInputs, columns: CovarianceInputs, tile: Int = .max
    ) throws -> [CovarianceKind: HostMatrix] {
        let precision = rows.precision
        let nngp = try HostMatrix(rows: rows.count, columns: columns.count, precision: precision)
        let ntk = try HostMatrix(rows: rows.count, columns: columns.count, precision: precision)
        func cut(_ count: Int) -> [Range<Int>] {
            stride(from: 0, to: count, by: min(tile, count)).map { $0..<min($0 + min(tile, count), count) }
        }
        for i in cut(rows.count) {
            for j in cut(columns.count) where rows !== columns || j.lowerBound <= i.lowerBound {
                try gram(GramTile(rows: rows, i, columns: columns, j, nngp: nngp, ntk: ntk))
            }
        }
        return [.nngp: nngp, .ntk: ntk]
    }

    /// The NTK of all pairs at once.
    func rectangle(rows: CovarianceInputs, columns: CovarianceInputs) throws -> HostMatrix {
        let ntk = try HostMatrix(rows: rows.count, columns: columns.count, precision: rows.precision)
        try gram(
            GramTile(rows: rows, 0..<rows.count, columns: columns, 0..<columns.count, ntk: ntk))
        return ntk
    }
}

/// Predictions and gradients by every way that a backend has, with random weights and cotangents.
struct GradientResults: Equatable {
    let predictions: [Double]
    /// Without what gradients need.
    let predictionsAlone: [Double]
    let pulledBack: [Double]
    let gradient: [Double]

    init(
        _ backend: any Backend, _ kind: CovarianceKind, rows: CovarianceInputs, columns: CovarianceInputs,
        cotangents count: Int, outputs: Int
    ) throws {
        let weights = try backend.upload(
            CovarianceCases.random(columns.count, outputs, seed: 3), as: backend.accumulatePrecision)
        let directions = try backend.upload(
            CovarianceCases.random(rows.count * count, outputs, seed: 4), as: backend.accumulatePrecision)
        let linearization = try backend.linearize(kind, rows: rows, columns: columns)
        predictions = try backend.download(backend.predict(linearization, weights: weights, outputs: outputs))
        predictionsAlone = try backend.download(
            backend.predict(kind, rows: rows, columns: columns, weights: weights, outputs: outputs))
        pulledBack = try backend.download(
            backend.pullback(linearization, cotangents: directions, count: count, weights: weights, outputs: outputs))
        gradient = try backend.download(
            backend.gradient(
                kind, rows: rows, columns: columns, cotangents: directions, count: count, weights: weights,
                outputs: outputs))
    }
}

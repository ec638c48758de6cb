import Compute
import TangentKernels

/// Gradient of Σ_j c_j Θ(x_i, x_j) in m points x_i.
struct GradientBenchmark: Benchmark {
    let name: String
    let net: BenchmarkNet
    let points: Int
    let count: Int
    let cotangents: Int

    var unit: String { "pairs" }
    var work: Int { points * count }
    /// Forward, reverse at twice its price, and the product with the coefficients.
    var flops: Double {
        Double(work) * (3 * net.flopsPerPair + 2 * Double(cotangents * net.inputCount))
    }

    func prepare(on backend: any Backend, _ precision: Precision) throws -> @Sendable () async throws -> Void {
        let program = try net.program()
        let training = try backend.prepare(program, inputs: net.inputs(count, seed: 1), precision)
        let inputs = try backend.upload(net.inputs(points, seed: 0).elements, as: precision)
        let weights = try backend.upload(
            RandomInputs.normal([count, cotangents], seed: 2).elements, as: backend.accumulatePrecision)
        var identity = [Double](repeating: 0, count: points * cotangents * cotangents)
        for place in 0..<points * cotangents { identity[place * cotangents + place % cotangents] = 1 }
        let directions = try backend.upload(identity, as: backend.accumulatePrecision)
        return { [points, cotangents] in
            let rows = try backend.prepare(program, inputs: inputs, count: points)
            let gradient = try backend.gradient(
                .ntk, rows: rows, columns: training, cotangents: directions, count: cotangents, weights: weights,
                outputs: cotangents)
            _ = try backend.download(gradient)
        }
    }
}

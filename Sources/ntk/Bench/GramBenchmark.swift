import Compute
import TangentKernels

/// Θ(X, X) on normal inputs, mirrored into one n × n matrix in host memory.
struct GramBenchmark: Benchmark {
    let name: String
    let net: BenchmarkNet
    let count: Int

    var unit: String { "pairs" }
    var work: Int { count * count }
    var flops: Double { Double(count) * Double(count + 1) / 2 * net.flopsPerPair }

    func prepare(on backend: any Backend, _ precision: Precision) throws -> @Sendable () async throws -> Void {
        let program = try net.program()
        let inputs = try backend.prepare(program, inputs: net.inputs(count, seed: 0), precision)
        let target = try HostMatrix(rows: count, columns: count, precision: precision)
        let tile = backend.device.tile
        let ranges = stride(from: 0, to: count, by: tile).map { $0..<min($0 + tile, count) }
        return {
            for (place, rows) in ranges.enumerated() {
                for columns in ranges[...place] {
                    try backend.gram(GramTile(rows: inputs, rows, columns: inputs, columns, ntk: target))
                }
            }
        }
    }
}

import Compute
import Foundation

/// One line of `ntk bench --json`.
struct Measurement: Codable {
    struct Seconds: Codable {
        let min: Double
        let median: Double
        let max: Double
    }

    let name: String
    let backend: String
    let device: String
    let precision: String
    let threads: Int
    let unit: String
    let work: Int
    let seconds: Seconds
    /// Units per second, by the median.
    let rate: Double
    /// Useful flops per second, by the median.
    let gflops: Double
    /// `gflops` over the best matrix product of the same device and precision.
    let peakShare: Double
    let peakMemoryMiB: Double

    enum CodingKeys: String, CodingKey {
        case name, backend, device, precision, threads, unit, work, seconds, rate, gflops
        case peakShare = "peak_share"
        case peakMemoryMiB = "peak_memory_mib"
    }

    /// Times a benchmark after one run that is not counted.
    /// - Parameters:
    ///   - repeats: counted runs at most; at least three.
    ///   - budget: seconds after which no further run is begun.
    ///   - peak: flops per second of the best matrix product.
    static func take(
        _ benchmark: any Benchmark, on backend: any Backend, _ precision: Precision, repeats: Int, budget: Double,
        peak: Double
    ) async throws -> Measurement {
        let run = try benchmark.prepare(on: backend, precision)
        try await run()
        let times = try await time(repeats: repeats, budget: budget, run)
        let median = times[times.count / 2]
        return Measurement(
            name: benchmark.name, backend: backend.device.backend, device: backend.device.name,
            precision: precision.rawValue, threads: backend.device.computeUnits, unit: benchmark.unit,
            work: benchmark.work, seconds: Seconds(min: times[0], median: median, max: times[times.count - 1]),
            rate: Double(benchmark.work) / median, gflops: benchmark.flops / median / 1e9,
            peakShare: benchmark.flops / median / peak, peakMemoryMiB: peakMemory)
    }

    /// Flops per second of a square matrix product, the best of several.
    static func productPeak(on backend: any Backend, _ precision: Precision) async throws -> Double {
        let size = 2048
        let a = try backend.upload(RandomInputs.uniform([size, size], seed: 3).elements, as: precision)
        let b = try backend.upload(RandomInputs.uniform([size, size], seed: 4).elements, as: precision)
        let c = try backend.allocate(size * size, precision)
        let product = MatrixProduct(a: a, b: b, c: c, m: size, n: size, k: size)
        let run: @Sendable () async throws -> Void = {
            try backend.multiply(product)
            var last = [UInt8](repeating: 0, count: precision.byteCount)
            try last.withUnsafeMutableBytes { try backend.read(c, offset: size * size - 1, into: $0) }
        }
        try await run()
        let times = try await time(repeats: 7, budget: 5, run)
        return 2 * Double(size) * Double(size) * Double(size) / times[0]
    }

    /// Seconds of several runs, ascending.
    private static func time(
        repeats: Int, budget: Double, _ run: @Sendable () async throws -> Void
    ) async throws -> [Double] {
        var times: [Double] = []
        let clock = ContinuousClock()
        let begin = clock.now
        while times.count < max(3, repeats) {
            let start = clock.now
            try await run()
            times.append((clock.now - start) / .seconds(1))
            if times.count >= 3 && (clock.now - begin) / .seconds(1) > budget { break }
        }
        return times.sorted()
    }

    /// The largest resident size of this process so far.
    private static var peakMemory: Double {
        var usage = rusage()
        getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
        return Double(usage.ru_maxrss) / 1024
    }
}

extension Measurement {
    var json: String {
        get throws {
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.sortedKeys]
            return String(decoding: try encoder.encode(self), as: UTF8.self)
        }
    }

    /// For reading, e.g. `gram-fc3-784  2.4 s  41.7 M pairs/s  71 % of the peak`.
    var text: String {
        let time = String(format: "%.3g s", seconds.median)
        let share = String(format: "%.0f %% of the peak", 100 * peakShare)
        return "\(name)  \(time)  \(Self.rate(rate))\(unit)/s  \(share)"
    }

    /// `41.7 M `: what a unit is written behind.
    static func rate(_ value: Double) -> String {
        for (prefix, scale) in [("T", 1e12), ("G", 1e9), ("M", 1e6), ("k", 1e3)] where value >= scale {
            return String(format: "%.1f ", value / scale) + prefix + " "
        }
        return String(format: "%.3g ", value)
    }
}

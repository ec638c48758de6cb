import ArgumentParser
import CPUBackend
import Compute
import Foundation
import OpenCLBackend

struct BenchCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bench", abstract: "Measure this machine.",
        discussion: "Example: ntk bench gram-fc3-784 --backend cpu --json")

    @Argument(help: "Names of benchmarks; all by default.")
    var names: [String] = []

    enum BackendName: String, ExpressibleByArgument, CaseIterable {
        case cpu, opencl
    }

    @Option(help: "What computes: cpu, or opencl for its first device.")
    var backend = BackendName.cpu

    @Option(help: "Threads of the cpu backend; all cores by default.")
    var threads: Int?

    @Option(help: "Training points.")
    var n: Int?

    @Option(help: "Points of a gradient or an attack.")
    var m: Int?

    @Option(help: "Cotangents of a gradient.")
    var cotangents = 1

    @Option(help: "Counted runs.")
    var repeats = 7

    func run() async throws {
        let backend = try makeBackend()
        let peak = try await Measurement.productPeak(on: backend, .float32)
        var benchmarks: [any Benchmark] = []
        for (net, gram, points, training) in BenchmarkNet.all {
            benchmarks.append(GramBenchmark(name: "gram-\(net.name)", net: net, count: n ?? gram))
            benchmarks.append(
                GradientBenchmark(
                    name: "gradient-\(net.name)", net: net, points: m ?? points, count: n ?? training,
                    cotangents: cotangents))
        }
        for benchmark in benchmarks where names.isEmpty || names.contains(benchmark.name) {
            let row = try await Measurement.take(
                benchmark, on: backend, .float32, repeats: repeats, budget: 30, peak: peak)
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.sortedKeys]
            print(String(decoding: try encoder.encode(row), as: UTF8.self))
        }
    }

    private func makeBackend() throws -> any Backend {
        switch backend {
        case .cpu: return CPUBackend(threads: threads)
        case .opencl:
            guard let device = try OpenCLDevices.all().first else {
                throw ComputeError(
                    .deviceUnavailable, operation: "looking for a device", device: "OpenCL",
                    detail: "no driver shows one", advice: "install a driver or use --backend cpu")
            }
            return try OpenCLBackend(device)
        }
    }
}

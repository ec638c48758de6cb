import ArgumentParser
import CPUBackend
import Compute
import Experiments
import Foundation
import OpenCLBackend

struct BenchCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bench", abstract: "Measure this machine.",
        discussion: """
            Each benchmark names its unit of work. The peak is that of a large matrix product on the same device.

            Example: ntk bench gram-fc3-784 --backend cpu --json
            """)

    enum BackendName: String, ExpressibleByArgument, CaseIterable {
        case cpu, opencl
    }

    enum PrecisionName: String, ExpressibleByArgument, CaseIterable {
        case float32, float64

        var precision: Precision { self == .float32 ? .float32 : .float64 }
    }

    @Argument(help: "Names of benchmarks; all by default.")
    var names: [String] = []

    @Option(help: "What computes: cpu, or opencl for its first device.")
    var backend = BackendName.cpu

    @Option(help: "float32 or float64.")
    var precision = PrecisionName.float32

    @Option(help: "Threads of the cpu backend; all cores by default.")
    var threads: Int?

    @Option(help: "Training points; images of an epoch of training.")
    var n: Int?

    @Option(help: "Points of a gradient or an attack.")
    var m: Int?

    @Option(help: "Cotangents of a gradient; rows 'gradient100' have 100.")
    var cotangents = 1

    @Option(help: "Counted runs.")
    var repeats = 7

    @Flag(help: "One JSON object a line.")
    var json = false

    @Flag(help: "The names of all benchmarks, and nothing else.")
    var list = false

    func run() async throws { try await Failure.report { try await measure() } }

    private func measure() async throws {
        let benchmarks = try makeBenchmarks()
        let known = benchmarks.map(\.name)
        guard !list else { return print(known.joined(separator: "\n")) }
        if let name = names.first(where: { !known.contains($0) }) {
            throw UsageError(
                "there is no benchmark '\(name)'; there are \(known.joined(separator: ", "))"
                    + Suggestion.clause(for: name, in: known))
        }
        let backend = try makeBackend()
        let peak = try await Measurement.productPeak(on: backend, precision.precision)
        if !json { print("peak: \(Measurement.rate(peak))flop/s on \(backend.device.summary)") }
        for benchmark in benchmarks where names.isEmpty || names.contains(benchmark.name) {
            let row = try await Measurement.take(
                benchmark, on: backend, precision.precision, repeats: repeats, budget: 30, peak: peak)
            print(json ? try row.json : row.text)
        }
    }

    private func makeBenchmarks() throws -> [any Benchmark] {
        var benchmarks: [any Benchmark] = []
        for (net, gram, points, training) in try BenchmarkNet.all() {
            benchmarks.append(GramBenchmark(name: "gram-\(net.name)", net: net, count: n ?? gram))
            for (name, cotangents) in [("gradient", cotangents), ("gradient100", 100)] {
                benchmarks.append(
                    GradientBenchmark(
                        name: "\(name)-\(net.name)", net: net, points: m ?? points, count: n ?? training,
                        cotangents: cotangents))
            }
        }
        for attack in try AttackBenchmark.all() { benchmarks.append(attack.sized(points: m, count: n)) }
        for spectrum in SpectrumBenchmark.all { benchmarks.append(spectrum.sized(count: n)) }
        benchmarks += try EmpiricalNTKBenchmark.all(points: m) as [any Benchmark]
        benchmarks += try TrainingBenchmark.all(images: n) as [any Benchmark]
        return benchmarks
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

import Compute
import TangentKernels

/// A net that is measured, with what a pair costs on it.
struct BenchmarkNet: Sendable {
    /// As in the names of benchmarks, e.g. `conv5-32x32x3`.
    let name: String
    let architecture: Architecture
    let height: Int
    let width: Int
    let channels: Int
    /// Floating-point operations of one pair, forward.
    let flopsPerPair: Double

    var inputCount: Int { height * width * channels }

    func program() throws -> CovarianceProgram {
        try architecture.program(height: height, width: width, channels: channels)
    }

    func inputs(_ count: Int, seed: UInt64) -> Tensor<Double> {
        RandomInputs.normal([count, height, width, channels], seed: seed)
    }

    /// Floating-point operations of the gradient of one pair: in the scalar geometry the product and the recursion with
    /// two derivatives, on planes the forward pass and a reverse pass at twice its price; then the contraction with the
    /// coefficients.
    func gradientFlopsPerPair(cotangents: Int) -> Double {
        let contraction = 2 * Double(cotangents * inputCount)
        guard height * width == 1 else { return 3 * flopsPerPair + contraction }
        let recursion = flopsPerPair - 2 * Double(inputCount)
        return 2 * Double(inputCount) + 3 * recursion + contraction
    }

    private init(_ name: String, _ architecture: Architecture, _ size: Int, _ channels: Int) throws {
        self.name = name
        self.architecture = architecture
        height = size
        width = size
        self.channels = channels
        let program = try architecture.program(height: size, width: size, channels: channels)
        flopsPerPair = PlanSummary(program).flopsPerPair
    }

    static func fc(_ depth: Int, _ dimension: Int) throws -> BenchmarkNet {
        try BenchmarkNet("fc\(depth)-\(dimension)", .fc(depth: depth), 1, dimension)
    }

    /// depth × (conv 3×3, relu), then flatten or a global average pool, dense.
    static func conv(_ depth: Int, _ size: Int, _ channels: Int, isPooled: Bool) throws -> BenchmarkNet {
        let hidden = (0..<depth).flatMap { _ in [convolution, Relu()] as [any Layer] }
        let readout: [any Layer] = [isPooled ? GlobalAvgPool() : Flatten(), dense]
        return try BenchmarkNet(
            "\(isPooled ? "gap" : "conv")\(depth)-\(size)x\(size)x\(channels)", Architecture(hidden + readout), size,
            channels)
    }

    /// The preset: a stem, blocks of convolutions with a 2×2 pool between them, a global average pool.
    static func myrtle(_ number: Int, blocks: [Int]) throws -> BenchmarkNet {
        var layers: [any Layer] = [convolution, Relu()]
        for (index, block) in blocks.enumerated() {
            for _ in 0..<block { layers += [convolution, Relu()] as [any Layer] }
            if index < blocks.count - 1 { layers.append(AvgPool(window: (2, 2), stride: (2, 2))) }
        }
        return try BenchmarkNet(
            "myrtle\(number)-32x32x3", Architecture(layers + [GlobalAvgPool(), dense] as [any Layer]), 32, 3)
    }

    private static let defaults = LayerDefaults()
    private static var dense: Dense { Dense(weightStd: defaults.weightStd, biasStd: defaults.biasStd) }
    private static var convolution: Conv {
        Conv(filter: (3, 3), weightStd: defaults.weightStd, biasStd: defaults.biasStd)
    }

    /// The nets of SPEC's benchmarks, with numbers of points that take seconds on two cores.
    static func all() throws -> [(net: BenchmarkNet, gram: Int, points: Int, training: Int)] {
        [
            (try .fc(3, 784), 10_000, 100, 10_000),
            (try .conv(5, 28, 1, isPooled: false), 2_000, 32, 2_000),
            (try .conv(5, 32, 3, isPooled: false), 2_000, 32, 2_000),
            (try .conv(5, 28, 1, isPooled: true), 64, 4, 64),
            (try .conv(5, 32, 3, isPooled: true), 64, 4, 64),
            (try .myrtle(5, blocks: [1, 1, 1]), 64, 4, 64),
            (try .myrtle(10, blocks: [2, 3, 3]), 64, 4, 64),
        ]
    }
}

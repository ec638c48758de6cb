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

    /// Flops of one step at one entry: box filters of k and t, scaling, bias, one arccosine map.
    private static let entryFlops = 50.0
    /// Flops of the scalar recursion per pair and hidden layer, beside the 2d of the product.
    private static let layerFlops = 35.0

    static func fc(_ depth: Int, _ dimension: Int) -> BenchmarkNet {
        BenchmarkNet(
            name: "fc\(depth)-\(dimension)", architecture: .fc(depth: depth), height: 1, width: 1,
            channels: dimension, flopsPerPair: 2 * Double(dimension) + layerFlops * Double(depth))
    }

    /// depth × (conv 3×3, relu), then flatten or a global average pool, dense.
    static func conv(_ depth: Int, _ size: Int, _ channels: Int, isPooled: Bool) -> BenchmarkNet {
        let pixels = Double(size * size)
        let entries = isPooled ? pixels * pixels : pixels
        var layers: [any Layer] = []
        for _ in 0..<depth { layers += [convolution, Relu()] as [any Layer] }
        layers += [isPooled ? GlobalAvgPool() : Flatten(), dense] as [any Layer]
        return BenchmarkNet(
            name: "\(isPooled ? "gap" : "conv")\(depth)-\(size)x\(size)x\(channels)",
            architecture: Architecture(layers), height: size, width: size, channels: channels,
            flopsPerPair: entries * (2 * Double(channels) + entryFlops * Double(depth)))
    }

    /// The preset: a stem, blocks of convolutions with a 2×2 pool between them, a global average pool.
    static func myrtle(_ name: Int, blocks: [Int]) -> BenchmarkNet {
        var layers: [any Layer] = [convolution, Relu()]
        var pixels = 1024.0
        var flops = pixels * pixels * (6 + entryFlops)
        for (index, block) in blocks.enumerated() {
            for _ in 0..<block { layers += [convolution, Relu()] as [any Layer] }
            flops += Double(block) * pixels * pixels * entryFlops
            if index < blocks.count - 1 {
                layers.append(AvgPool(window: (2, 2), stride: (2, 2)))
                pixels /= 4
            }
        }
        layers += [GlobalAvgPool(), dense] as [any Layer]
        return BenchmarkNet(
            name: "myrtle\(name)-32x32x3", architecture: Architecture(layers), height: 32, width: 32, channels: 3,
            flopsPerPair: flops)
    }

    private static let defaults = LayerDefaults()
    private static var dense: Dense { Dense(weightStd: defaults.weightStd, biasStd: defaults.biasStd) }
    private static var convolution: Conv {
        Conv(filter: (3, 3), weightStd: defaults.weightStd, biasStd: defaults.biasStd)
    }

    /// The nets of SPEC's benchmarks, with numbers of points that take seconds on two cores.
    static var all: [(net: BenchmarkNet, gram: Int, points: Int, training: Int)] {
        [
            (.fc(3, 784), 10_000, 100, 10_000),
            (.conv(5, 28, 1, isPooled: false), 2_000, 32, 2_000),
            (.conv(5, 32, 3, isPooled: false), 2_000, 32, 2_000),
            (.conv(5, 28, 1, isPooled: true), 64, 4, 64),
            (.conv(5, 32, 3, isPooled: true), 64, 4, 64),
            (.myrtle(5, blocks: [1, 1, 1]), 64, 4, 64),
            (.myrtle(10, blocks: [2, 3, 3]), 64, 4, 64),
        ]
    }
}

import Compute
import Foundation

/// One row of `ntk bench`.
protocol Benchmark: Sendable {
    var name: String { get }
    /// What the rate counts, plural.
    var unit: String { get }
    /// Units delivered by one run.
    var work: Int { get }
    /// Floating-point operations that one run needs; what is mirrored counts once.
    var flops: Double { get }

    /// Makes the inputs and returns what is to be timed; it ends when the results stand in host memory.
    func prepare(on backend: any Backend, _ precision: Precision) throws -> @Sendable () async throws -> Void
}

/// Random inputs with a seed.
enum RandomInputs {
    /// Standard normal numbers, by Box and Muller.
    static func normal(_ shape: [Int], seed: UInt64) -> Tensor<Double> {
        var generator = SplitMix64(seed)
        return Tensor(
            shape: shape,
            elements: (0..<shape.reduce(1, *)).map { _ in
                let radius = (-2 * log(Double.random(in: 0..<1, using: &generator).nextUp)).squareRoot()
                return radius * cos(2 * .pi * Double.random(in: 0..<1, using: &generator))
            })
    }

    /// Numbers in 0 ..< 1, like pixels.
    static func uniform(_ shape: [Int], seed: UInt64) -> Tensor<Double> {
        var generator = SplitMix64(seed)
        return Tensor(
            shape: shape, elements: (0..<shape.reduce(1, *)).map { _ in Double.random(in: 0..<1, using: &generator) })
    }
}

import Compute
import TestSupport
import Testing

@testable import Networks

/// Derivatives of finite nets against central differences of their outputs, in float64.
@Suite struct NetworkGradientTests {
    /// Σ cotangents · f, and its derivative along `direction` by differences of fourth order.
    private static func slope(step h: Double, _ value: (Double) throws -> Double) rethrows -> Double {
        try (8 * (value(h) - value(-h)) - (value(2 * h) - value(-2 * h))) / (12 * h)
    }

    private static func product(_ a: [Double], _ b: [Double]) -> Double { zip(a, b).reduce(0) { $0 + $1.0 * $1.1 } }

    private static func moved(_ x: [Double], by h: Double, along direction: [Double]) -> [Double] {
        zip(x, direction).map { $0 + h * $1 }
    }

    /// Step 1e-4: no relu and no maximum of these nets changes sides; (1e-4)⁴ times a fifth derivative and ε/1e-4 of
    /// rounding are left.
    private static let step = 1e-4
    private static let bound = 1e-9

    @Test(arguments: RandomNetwork.all, NetworkBackend.available)
    func parameters(of example: RandomNetwork, on backend: NetworkBackend) throws {
        let backend = try backend.make()
        let network = try example.network(backend, .float64)
        let points = example.points(3)
        let buffer = try backend.upload(points.elements, as: .float64)
        let cotangents = example.cotangents(points.count)
        let gradient = try backend.allocate(network.plan.parameterCount, .float64)
        let evaluation = try network.evaluate(buffer, count: points.count)
        try evaluation.parameterGradient(
            cotangents: backend.upload(cotangents, as: .float64), into: gradient)
        let found = try backend.download(gradient)
        let start = try backend.download(network.parameters)
        for array in network.plan.parameters {
            var generator = SeededGenerator(seed: UInt64(array.offset))
            var direction = [Double](repeating: 0, count: start.count)
            for index in array.range { direction[index] = Double.random(in: -1...1, using: &generator) }
            let wanted = try Self.slope(step: Self.step) { h in
                try backend.write(Self.moved(start, by: h, along: direction), to: network.parameters)
                return Self.product(cotangents, try network.predict(buffer, count: points.count).elements)
            }
            let slope = Self.product(found, direction)
            #expect(abs(slope - wanted) < Self.bound * max(1, abs(wanted)), "\(array.role) of layer \(array.layer)")
        }
    }

    @Test(arguments: RandomNetwork.all, NetworkBackend.available)
    func inputs(of example: RandomNetwork, on backend: NetworkBackend) throws {
        let backend = try backend.make()
        let network = try example.network(backend, .float64)
        let points = example.points(2)
        let cotangents = example.cotangents(points.count)
        let buffer = try backend.upload(points.elements, as: .float64)
        let evaluation = try network.evaluate(buffer, count: points.count)
        let gradient = try evaluation.inputGradient(cotangents: backend.upload(cotangents, as: .float64))
        let found = try backend.download(gradient)
        for seed in 1...4 {
            var generator = SeededGenerator(seed: UInt64(seed))
            let direction = generator.numbers(points.elements.count)
            let wanted = try Self.slope(step: Self.step) { h in
                let moved = Self.moved(points.elements, by: h, along: direction)
                let outputs = try network.predict(backend.upload(moved, as: .float64), count: points.count)
                return Self.product(cotangents, outputs.elements)
            }
            #expect(abs(Self.product(found, direction) - wanted) < Self.bound * max(1, abs(wanted)))
        }
    }

    /// Several cotangents of one forward pass are as many reverse passes.
    @Test(arguments: RandomNetwork.all, NetworkBackend.available)
    func replicas(of example: RandomNetwork, on backend: NetworkBackend) throws {
        let backend = try backend.make()
        let network = try example.network(backend, .float64)
        let points = example.points(3)
        let evaluation = try network.evaluate(
            backend.upload(points.elements, as: .float64), count: points.count)
        let replicas = 2
        let cotangents = example.cotangents(replicas * points.count)
        let together = try #require(
            try evaluation.reverse(
                backend.upload(cotangents, as: .float64), replicas: replicas, wantsInput: true, visit: nil))
        var alone: [Double] = []
        let size = points.count * example.outputs
        for replica in 0..<replicas {
            let part = Array(cotangents[replica * size..<(replica + 1) * size])
            alone += try backend.download(
                evaluation.inputGradient(cotangents: backend.upload(part, as: .float64)))
        }
        // Products of other sizes may add up in another order.
        let error = Distance.relative(try backend.download(together.buffer), to: alone)
        #expect(error <= 32 * Precision.float64.epsilon)
    }

    /// Both backends and both precisions compute the same net.
    @Test(arguments: RandomNetwork.all, NetworkBackend.available)
    func precisions(of example: RandomNetwork, on backend: NetworkBackend) throws {
        let reference = try NetworkBackend.cpu.make()
        let network = try example.network(reference, .float64)
        let points = example.points(17)
        let wanted = try network.predictions(at: points)
        for precision in Precision.allCases {
            let found = try example.network(try backend.make(), precision).predictions(at: points, batchSize: 5)
            // A few roundings per layer, and float32 rounds points and parameters.
            let bound = (precision == .float32 ? 256 : 64) * precision.epsilon
            #expect(Distance.relative(found.elements, to: wanted.elements) < bound, "\(precision)")
        }
    }
}

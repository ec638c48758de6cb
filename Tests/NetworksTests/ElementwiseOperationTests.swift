import Compute
import Foundation
import TestSupport
import Testing

/// Operations on single numbers and rows against their formulas in Double, on both backends and in both precisions.
@Suite struct ElementwiseOperationTests {
    /// Sizes on both sides of an OpenCL group of 256 and of a processor's part of 16,384.
    private static let sizes = [1, 255, 256, 257, 1009, 16_385]

    private struct Device {
        let backend: any Backend
        let precision: Precision
        /// A few roundings, of numbers of size 1.
        var bound: Double { 16 * precision.epsilon }

        func numbers(_ count: Int, _ seed: UInt64) -> [Double] {
            var generator = SeededGenerator(seed: seed)
            let numbers = generator.numbers(count, in: -2...2)
            return precision == .float32 ? numbers.rounded().widened() : numbers
        }

        func send(_ numbers: [Double]) throws -> Buffer { try backend.upload(numbers, as: precision) }

        /// Runs an operation whose first buffer is its result.
        func check(_ name: String, _ result: Buffer, _ wanted: [Double], scale: Double = 1) throws {
            let error = Distance.absolute(try backend.download(result), wanted)
            #expect(error <= bound * scale, "\(name), \(wanted.count) numbers, \(precision)")
        }
    }

    private static func each(_ backend: NetworkBackend, _ body: (Device) throws -> Void) throws {
        for precision in Precision.allCases {
            try body(Device(backend: try backend.make(), precision: precision))
        }
    }

    @Test(arguments: NetworkBackend.available)
    func activations(on backend: NetworkBackend) throws {
        typealias Pair = (value: (Double) -> Double, slope: (Double) -> Double, curvature: (Double) -> Double)
        let smooth: [(SmoothActivation, Pair)] = [
            (
                .erf,
                (
                    { erf($0) }, { 2 / Double.pi.squareRoot() * exp(-$0 * $0) },
                    { -4 / Double.pi.squareRoot() * $0 * exp(-$0 * $0) }
                )
            ),
            (
                .gelu,
                (
                    { $0 * erfc(-$0 / 2.0.squareRoot()) / 2 },
                    { erfc(-$0 / 2.0.squareRoot()) / 2 + $0 * exp(-$0 * $0 / 2) / (2 * Double.pi).squareRoot() },
                    { (2 - $0 * $0) * exp(-$0 * $0 / 2) / (2 * Double.pi).squareRoot() }
                )
            ),
        ]
        try Self.each(backend) { device in
            for count in Self.sizes {
                let x = device.numbers(count, 1)
                let g = device.numbers(2 * count, 2)
                for (function, pair) in smooth {
                    let target = try device.send(x)
                    try device.backend.run(
                        .activation(function, target: target, source: device.send(x), count: count))
                    try device.check("\(function)", target, x.map(pair.value))
                    let cotangent = try device.send(g)
                    try device.backend.run(
                        .activationReverse(
                            function, cotangent: cotangent, saved: device.send(x), period: count, count: 2 * count))
                    let wanted = g.indices.map { g[$0] * pair.slope(x[$0 % count]) }
                    try device.check("\(function), reverse", cotangent, wanted, scale: 4)
                    let curved = try device.send(x)
                    try device.backend.run(
                        .activationCurvature(
                            function, target: curved, cotangent: device.send(g), offset: count, saved: device.send(x),
                            tangent: device.send(x), count: count))
                    try device.check(
                        "\(function), curvature", curved,
                        x.indices.map { pair.curvature(x[$0]) * x[$0] * g[count + $0] }, scale: 16)
                }
                let slopes = (negative: -0.5, positive: 2.0)
                let target = try device.send(x)
                try device.backend.run(.abrelu(target: target, source: target, slopes: slopes, count: count))
                try device.check("abrelu", target, x.map { $0 > 0 ? 2 * $0 : -0.5 * $0 })
                let cotangent = try device.send(g)
                try device.backend.run(
                    .abreluReverse(
                        cotangent: cotangent, saved: device.send(x), slopes: slopes, period: count, count: 2 * count))
                try device.check(
                    "abrelu, reverse", cotangent, g.indices.map { g[$0] * (x[$0 % count] > 0 ? 2 : -0.5) })
            }
        }
    }

    /// A relu has the slope 0 at 0, from either side.
    @Test(arguments: NetworkBackend.available)
    func aReluIsFlatAtZero(on backend: NetworkBackend) throws {
        try Self.each(backend) { device in
            let cotangent = try device.send([1, 1, 1, 1])
            try device.backend.run(
                .abreluReverse(
                    cotangent: cotangent, saved: device.send([0, -0.0, 1e-30, -1e-30]), slopes: (0, 1), period: 4,
                    count: 4))
            #expect(try device.backend.download(cotangent) == [0, 0, 1, 0])
        }
    }

    @Test(arguments: NetworkBackend.available)
    func biasAndActivation(on backend: NetworkBackend) throws {
        try Self.each(backend) { device in
            for (rows, channels) in [(1, 1), (3, 85), (257, 3), (1009, 17)] {
                let (skipped, count) = (5, rows * channels)
                let z = device.numbers(skipped + count, 1)
                let parameters = device.numbers(7 + channels, 2)
                let values = try device.send(z)
                try device.backend.run(
                    .bias(
                        values: values, offset: skipped, parameters: device.send(parameters), bias: 7,
                        channels: channels, scale: 0.5, slopes: (0.25, 1), count: count))
                let wanted = z.indices.map { index -> Double in
                    guard index >= skipped else { return z[index] }
                    let x = z[index] + 0.5 * parameters[7 + (index - skipped) % channels]
                    return x > 0 ? x : 0.25 * x
                }
                try device.check("bias", values, wanted)
            }
        }
    }

    @Test(arguments: NetworkBackend.available)
    func sumsAndSteps(on backend: NetworkBackend) throws {
        try Self.each(backend) { device in
            for count in Self.sizes {
                let (p, v, g) = (device.numbers(count, 1), device.numbers(count, 2), device.numbers(count, 3))
                let sum = try device.send(p)
                try device.backend.run(.axpby(device.send(v), into: sum, count: count))
                try device.check("sum", sum, p.indices.map { p[$0] + v[$0] })
                // A part of one to a part of the other, whose numbers are not read.
                let part = try device.send(p + [Double](repeating: .nan, count: count) + v)
                try device.backend.run(
                    .axpby(alpha: -0.5, device.send(g + v), from: count, beta: 0, into: part, at: count, count: count))
                try device.check("part", part, p + v.map { -0.5 * $0 } + v)
                try device.backend.run(.axpby(alpha: 0.5, device.send(g), beta: 2, into: part, count: count))
                try device.check(
                    "combination", part, p.indices.map { 0.5 * g[$0] + 2 * p[$0] } + v.map { -0.5 * $0 } + v)
                let (parameters, velocity) = (try device.send(p), try device.send(v))
                try device.backend.run(
                    .sgd(
                        parameters: parameters, velocity: velocity, gradient: device.send(g), rate: 0.5,
                        momentum: 0.75, decay: 0.125))
                let moved = p.indices.map { 0.75 * v[$0] + g[$0] + 0.125 * p[$0] }
                try device.check("velocity", velocity, moved)
                try device.check("parameters", parameters, p.indices.map { p[$0] - 0.5 * moved[$0] })
            }
        }
    }

    @Test(arguments: NetworkBackend.available)
    func normalisation(on backend: NetworkBackend) throws {
        try Self.each(backend) { device in
            for (rows, channels) in [(1, 2), (257, 3), (5, 64)] {
                let x = device.numbers(rows * channels, 1)
                let target = try device.send(x)
                try device.backend.run(
                    .layerNorm(target: target, source: device.send(x), channels: channels, eps: 0.1, rows: rows))
                let wanted = (0..<rows).flatMap { row -> [Double] in
                    let part = x[row * channels..<(row + 1) * channels]
                    let mean = part.reduce(0, +) / Double(channels)
                    let variance = part.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(channels)
                    return part.map { ($0 - mean) / (variance + 0.1).squareRoot() }
                }
                try device.check("layer_norm", target, wanted)
            }
        }
    }

    @Test(arguments: NetworkBackend.available, [1, 2, 10])
    func losses(on backend: NetworkBackend, classes: Int) throws {
        try Self.each(backend) { device in
            for count in [1, 255, 1009] {
                let f = device.numbers(count * classes, 1)
                let y = (0..<count * classes).map { index in
                    classes == 1 ? (index % 3 == 0 ? 1.0 : -1) : index % classes == index / classes % classes ? 1 : 0
                }
                let gradient = try device.send(f)
                let losses = try device.send([Double](repeating: 0, count: count))
                let (outputs, targets) = (try device.send(f), try device.send(y))
                func rows(_ formula: ([Double], [Double]) -> (Double, [Double])) -> [(Double, [Double])] {
                    (0..<count).map { row in
                        let range = row * classes..<(row + 1) * classes
                        return formula(Array(f[range]), Array(y[range]))
                    }
                }
                try device.backend.run(
                    .crossEntropy(
                        losses: losses, gradient: gradient, outputs: outputs, targets: targets, classes: classes,
                        scale: 0.5, count: count))
                var wanted = rows { f, y in
                    if classes == 1 {
                        return (log(1 + exp(-y[0] * f[0])), [-0.5 * y[0] / (1 + exp(y[0] * f[0]))])
                    }
                    let sum = f.reduce(0) { $0 + exp($1) }
                    return (
                        log(sum) - zip(f, y).reduce(0) { $0 + $1.0 * $1.1 },
                        zip(f, y).map { 0.5 * (exp($0) / sum - $1) }
                    )
                }
                try device.check("cross-entropy", losses, wanted.map(\.0), scale: 4)
                try device.check("cross-entropy's gradient", gradient, wanted.flatMap(\.1), scale: 4)
                try device.backend.run(
                    .squaredError(
                        losses: losses, gradient: gradient, outputs: outputs, targets: targets, classes: classes,
                        scale: 0.5, count: count))
                wanted = rows { f, y in
                    (zip(f, y).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) / 2 }, zip(f, y).map { 0.5 * ($0 - $1) })
                }
                try device.check("squared error", losses, wanted.map(\.0), scale: 4 * Double(classes))
                try device.check("squared error's gradient", gradient, wanted.flatMap(\.1))
            }
        }
    }

    /// Outputs of any size: nothing overflows, and a confident right answer costs nothing.
    @Test(arguments: NetworkBackend.available)
    func extremeOutputs(on backend: NetworkBackend) throws {
        try Self.each(backend) { device in
            let losses = try device.send([0, 0])
            let gradient = try device.send([0, 0, 0, 0])
            try device.backend.run(
                .crossEntropy(
                    losses: losses, gradient: gradient, outputs: device.send([1e4, -1e4, 1e4, -1e4]),
                    targets: device.send([1, 0, 0, 1]), classes: 2, scale: 1, count: 2))
            #expect(try device.backend.download(losses) == [0, 2e4])
            #expect(try device.backend.download(gradient) == [0, 0, 1, -1])
            try device.backend.run(
                .crossEntropy(
                    losses: losses, gradient: gradient, outputs: device.send([1e4, -1e4]),
                    targets: device.send([1, 1]), classes: 1, scale: 1, count: 2))
            #expect(try device.backend.download(losses) == [0, 1e4])
            #expect(try device.backend.download(gradient)[..<2] == [0, -1])
        }
    }
}

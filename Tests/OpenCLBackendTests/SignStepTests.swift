import Compute
import TestSupport
import Testing

@testable import OpenCLBackend

/// The laws of one ascent step, in the precision of the buffers.
@Suite(.needsOpenCL)
struct SignStepTests {
    private struct Case<T: Real> {
        var point: [T]
        var origin: [T]
        var gradient: [T]
        var stepSize: Double
        var eps: Double
        var box: ClosedRange<Double>?

        /// Pixels between 0 and 1, points within about eps of them, gradients with zeros and NaN.
        init(count: Int, seed: UInt64, stepSize: Double, eps: Double, box: ClosedRange<Double>?) {
            var generator = SeededGenerator(seed: seed)
            origin = []
            point = []
            gradient = []
            for i in 0..<count {
                let pixel: T
                switch i % 5 {
                case 0: pixel = T(i % 2)
                case 1: pixel = T(i % 256) / 255
                default: pixel = T(Double.random(in: 0...1, using: &generator))
                }
                origin.append(pixel)
                point.append(pixel + T(Double.random(in: -eps...eps, using: &generator)))
                let slope = T(Double.random(in: -1...1, using: &generator))
                gradient.append(i % 7 == 3 ? 0 : i % 11 == 5 ? .nan : slope)
            }
            self.stepSize = stepSize
            self.eps = eps
            self.box = box
        }

        func run(on backend: OpenCLBackend) throws -> [T] {
            let buffer = try backend.send(point)
            try backend.run(
                .signStep(
                    point: buffer, origin: backend.send(origin), gradient: backend.send(gradient),
                    stepSize: stepSize, eps: eps, box: box))
            return try backend.receive(buffer)
        }

        /// The formula without the correction of rounding.
        var formula: [T] {
            let (alpha, eps) = (T(stepSize), T(eps))
            return point.indices.map { i in
                let g = gradient[i]
                let moved = g > 0 ? point[i] + alpha : g < 0 ? point[i] - alpha : point[i]
                let inside = min(max(moved, origin[i] - eps), origin[i] + eps)
                guard let box else { return inside }
                return min(max(inside, T(box.lowerBound)), T(box.upperBound))
            }
        }
    }

    private static let sizes = [1, 63, 64, 65, 1009]

    private static func check<T: Real>(_ type: T.Type, _ backend: OpenCLBackend, _ count: Int) throws {
        for (seed, eps) in [8.0 / 255, 2.0 / 255, 0.1, 0.3, 1e-9].enumerated() {
            let input = Case<T>(
                count: count, seed: UInt64(seed), stepSize: eps * 0.7, eps: eps, box: seed % 2 == 0 ? 0...1 : nil)
            let output = try input.run(on: backend)
            let formula = input.formula
            for i in 0..<count {
                let (x, x0) = (output[i], input.origin[i])
                // In the buffers' precision and therefore, eps being rounded down, also against the double.
                #expect(abs(x - x0) <= T(eps))
                #expect(Double(abs(x - x0)) <= eps)
                if input.box != nil { #expect(x >= 0 && x <= 1) }
                if abs(formula[i] - x0) <= T(eps), Double(T(eps)) <= eps {
                    #expect(x == formula[i], "where rounding does no harm the formula holds")
                } else {
                    #expect(abs(x - formula[i]) <= 2 * max(x0.ulp, x.ulp), "at most a nudge")
                }
            }
        }
    }

    @Test(arguments: sizes)
    func laws(count: Int) throws {
        let backend = try Machine.backend()
        try Self.check(Float.self, backend, count)
        if backend.device.supportsFloat64 { try Self.check(Double.self, backend, count) }
    }

    private static func checkZeroEps<T: Real>(_ type: T.Type, _ backend: OpenCLBackend, _ count: Int) throws {
        var input = Case<T>(count: count, seed: 7, stepSize: 0.1, eps: 0.1, box: 0...1)
        input.eps = 0
        input.origin[0] = -0.0
        let output = try input.run(on: backend)
        #expect(zip(output, input.origin).allSatisfy { $0 == $1 && $0.sign == $1.sign })
    }

    @Test(arguments: sizes)
    func zeroEpsGivesTheOrigin(count: Int) throws {
        let backend = try Machine.backend()
        try Self.checkZeroEps(Float.self, backend, count)
        if backend.device.supportsFloat64 { try Self.checkZeroEps(Double.self, backend, count) }
    }

    @Test func zeroAndUndefinedGradientsDoNotMove() throws {
        let backend = try Machine.backend()
        let origin: [Float] = [0.5, 0.5, 0.5, 0.5]
        let point: [Float] = [0.45, 0.55, 0.5, 0.5]
        let buffer = try backend.send(point)
        try backend.run(
            .signStep(
                point: buffer, origin: backend.send(origin),
                gradient: backend.send([0, .nan, -0.0, .signalingNaN] as [Float]), stepSize: 0.01, eps: 0.125,
                box: 0...1))
        #expect(try backend.receive(buffer) == point)
    }
}

import CPUBackend
import Compute
import TestSupport
import Testing

/// The laws of one ascent step, in the precision of the buffers.
@Suite struct SignStepTests {
    private struct Case<T: Real> {
        var point: [T] = []
        var origin: [T] = []
        var gradient: [T] = []
        var stepSize: Double
        var eps: Double
        var box: ClosedRange<Double>?

        /// Pixels between 0 and 1, points within about eps of them, gradients with zeros and NaN.
        init(count: Int, seed: UInt64, stepSize: Double, eps: Double, box: ClosedRange<Double>?) {
            var generator = SeededGenerator(seed: seed)
            for i in 0..<count {
                let random = T(Double.random(in: 0...1, using: &generator))
                origin.append(i % 5 == 0 ? T(i % 2) : i % 5 == 1 ? T(i % 256) / 255 : random)
                point.append(origin[i] + T(Double.random(in: -eps...eps, using: &generator)))
                let slope = T(Double.random(in: -1...1, using: &generator))
                gradient.append(i % 7 == 3 ? 0 : i % 11 == 5 ? .nan : slope)
            }
            self.stepSize = stepSize
            self.eps = eps
            self.box = box
        }

        func run(on backend: CPUBackend) throws -> [T] {
            let buffer = try backend.upload(point, as: T.precision)
            try backend.run(
                .signStep(
                    point: buffer, origin: backend.upload(origin, as: T.precision),
                    gradient: backend.upload(gradient, as: T.precision), stepSize: stepSize, eps: eps, box: box))
            return try backend.download(buffer).map { T($0) }
        }

        /// The formula, with ε rounded down and the ends of the interval moved until they obey it.
        var reference: [T] {
            let alpha = T(stepSize)
            let eps = Double(T(self.eps)) > self.eps ? T(self.eps).nextDown : T(self.eps)
            return point.indices.map { i in
                let (x, x0, g) = (point[i], origin[i], gradient[i])
                let moved = g > 0 ? x + alpha : g < 0 ? x - alpha : x
                var (low, high) = (x0 - eps, x0 + eps)
                while x0 - low > eps { low = low.nextUp }
                while high - x0 > eps { high = high.nextDown }
                let inside = eps == 0 ? x0 : min(max(moved, low), high)
                guard let box else { return inside }
                return min(max(inside, T(box.lowerBound)), T(box.upperBound))
            }
        }
    }

    private static func check<T: Real>(_ type: T.Type, _ count: Int) throws {
        let backend = CPUBackend()
        for (seed, eps) in [8.0 / 255, 2.0 / 255, 0.1, 0.3, 1e-9, 0].enumerated() {
            let input = Case<T>(
                count: count, seed: UInt64(seed), stepSize: eps * 0.7, eps: eps, box: seed % 2 == 0 ? 0...1 : nil)
            let output = try input.run(on: backend)
            #expect(output == input.reference, "parity, eps \(eps)")
            #expect(zip(output, input.origin).allSatisfy { Double(abs($0 - $1)) <= eps }, "ball, eps \(eps)")
            if input.box != nil { #expect(output.allSatisfy { $0 >= 0 && $0 <= 1 }, "box, eps \(eps)") }
        }
    }

    /// Sizes on both sides of a thread's part of 16,384.
    @Test(arguments: [1, 64, 1009, 16_385])
    func laws(count: Int) throws {
        try Self.check(Float.self, count)
        try Self.check(Double.self, count)
    }

    @Test func zeroEpsKeepsTheSignOfAZero() throws {
        let backend = CPUBackend()
        let point = try backend.upload([0.25 as Float], as: .float32)
        try backend.run(
            .signStep(
                point: point, origin: backend.upload([-0.0 as Float], as: .float32),
                gradient: backend.upload([1 as Float], as: .float32), stepSize: 0.1, eps: 0, box: 0...1))
        let moved = try backend.download(point)[0]
        #expect(moved == 0 && moved.sign == .minus)
    }

    @Test func zeroAndUndefinedGradientsDoNotMove() throws {
        let backend = CPUBackend()
        let start = [0.45, 0.55, 0.5, 0.5]
        let point = try backend.upload(start, as: .float64)
        try backend.run(
            .signStep(
                point: point, origin: backend.upload([0.5, 0.5, 0.5, 0.5], as: .float64),
                gradient: backend.upload([0, .nan, -0.0, .signalingNaN], as: .float64), stepSize: 0.01, eps: 0.125,
                box: 0...1))
        #expect(try backend.download(point) == start)
    }
}

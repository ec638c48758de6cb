import Compute
import TestSupport
import Testing

@testable import Attacks

/// The search against algorithm 1 of Croce & Hein 2020, written once more from the paper.
@Suite struct APGDSearchTests {
    /// f = Σ_j w_j sin(4 x_j), raised against the label −1.
    private struct Wave {
        let weights: [Double]

        func value(_ x: [Double]) -> Double { zip(weights, x).reduce(0) { $0 + $1.0 * sine(4 * $1.1) } }
        func gradient(_ x: [Double]) -> [Double] { zip(weights, x).map { 4 * $0 * cosine(4 * $1) } }
    }

    private static func clip(_ x: [Double], _ origin: [Double], _ eps: Double) -> [Double] {
        zip(x, origin).map { min(max(min(max($0, $1 - eps), $1 + eps), 0), 1) }
    }

    /// All points that the algorithm visits after the start.
    private static func path(
        _ wave: Wave, _ origin: [Double], _ start: [Double], eps: Double, steps: Int
    ) -> [[Double]] {
        var (x, previous, best) = (start, start, start)
        var gradient = wave.gradient(x)
        var bestGradient = gradient
        var values = [wave.value(x)]
        var step = 2 * eps
        var interval = max(Int(0.22 * Double(steps)), 1)
        var nextCheck = interval
        var atCheck = (best: values[0], wasReduced: true)
        var path: [[Double]] = []
        for k in 0..<steps {
            let z = clip(zip(x, gradient).map { $0 + step * ($1 > 0 ? 1 : $1 < 0 ? -1 : 0) }, origin, eps)
            let share = k == 0 ? 1 : 0.75
            let mixed = x.indices.map { x[$0] + share * (z[$0] - x[$0]) + (1 - share) * (x[$0] - previous[$0]) }
            previous = x
            x = clip(mixed, origin, eps)
            path.append(x)
            gradient = wave.gradient(x)
            values.append(wave.value(x))
            if wave.value(x) > wave.value(best) { (best, bestGradient) = (x, gradient) }
            guard k + 1 == nextCheck else { continue }
            let rises = (nextCheck - interval..<nextCheck).count { values[$0 + 1] > values[$0] }
            let isStuck = !atCheck.wasReduced && atCheck.best >= wave.value(best)
            let isReduced = Double(rises) <= 0.75 * Double(interval) || isStuck
            atCheck = (wave.value(best), isReduced)
            if isReduced {
                step /= 2
                (x, gradient) = (best, bestGradient)
            }
            interval = max(interval - max(Int(0.03 * Double(steps)), 1), max(Int(0.06 * Double(steps)), 1))
            nextCheck += interval
        }
        return path
    }

    @Test(arguments: 0..<30) func goesWhereThePaperGoes(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        let d = Int.random(in: 1...6, using: &generator)
        let steps = [5, 20, 60].randomElement(using: &generator) ?? 5
        let wave = Wave(weights: generator.numbers(d))
        let origin = generator.numbers(d, in: 0...1)
        let eps = 0.4
        let start = Self.clip(generator.numbers(d, in: -1...2), origin, eps)
        let expected = Self.path(wave, origin, start, eps: eps, steps: steps)
        var search = APGDSearch(
            ball: Ball(ThreatModel(eps: eps), .float64), origin: origin, start: start,
            objective: AttackObjective(loss: .margin), label: -1, steps: steps, isReached: { _ in false })
        var path: [[Double]] = []
        while !search.isDone {
            let x = search.query
            path.append(x)
            let outputs = [wave.value(x)][...]
            let gradients = search.cotangents(outputs).map { direction in
                wave.gradient(x).map { $0 * direction[0] }
            }
            search.advance(outputs, gradients)
        }
        #expect(path.count == steps + 1)
        for (found, wanted) in zip(path.dropFirst(), expected) {
            // The ball rounds towards the origin.
            #expect(zip(found, wanted).allSatisfy { abs($0 - $1) < 1e-12 })
        }
    }
}

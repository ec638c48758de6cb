import Compute
import TestSupport
import Testing

@testable import Attacks

@Suite struct BallTests {
    private func ball(_ norm: ThreatModel.Norm, _ eps: Double, box: ClosedRange<Double>? = 0...1) -> Ball {
        Ball(ThreatModel(norm: norm, eps: eps, box: box), .float64)
    }

    /// In the box, but for the rounding of the sum.
    private func expectInside(_ point: [Double], _ delta: [Double]) {
        for j in point.indices {
            let moved = point[j] + delta[j]
            #expect(moved >= -1e-15 && moved <= 1 + 1e-15)
        }
    }

    /// No other point of ball and box is nearer to what is projected.
    @Test(arguments: 0..<40)
    func theL1ProjectionIsTheNearestPoint(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        let d = Int.random(in: 2...6, using: &generator)
        let ball = ball(.l1, 0.4)
        let origin = generator.numbers(d, in: 0...1)
        let wanted = generator.numbers(d, in: -1...2)
        let found = ball.projected(wanted, around: origin)
        func distance(_ point: [Double]) -> Double {
            ThreatModel.Norm.l2.length(point.indices.map { point[$0] - wanted[$0] })
        }
        for _ in 0..<400 {
            // Towards a random point of the set, which is convex.
            let other = ball.projected(generator.numbers(d, in: -1...2), around: origin)
            let share = Double.random(in: 0...1, using: &generator)
            let between = found.indices.map { found[$0] + share * (other[$0] - found[$0]) }
            #expect(distance(between) >= distance(found) - 1e-9)
        }
    }

    /// No point of ball and box goes further along a slope.
    @Test(arguments: ThreatModel.Norm.allCases, 0..<20)
    func theFarthestPointIsFarthest(norm: ThreatModel.Norm, seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        let ball = ball(norm, 0.5)
        let origin = generator.numbers(5, in: 0...1)
        let slope = generator.numbers(5)
        func gain(_ delta: [Double]) -> Double { slope.indices.reduce(0.0) { $0 + slope[$1] * delta[$1] } }
        let best = ball.farthest(along: slope, at: origin)
        #expect(norm.length(best) <= 0.5)
        expectInside(origin, best)
        for _ in 0..<400 {
            let point = ball.projected(generator.numbers(5, in: -1...2), around: origin)
            let other = point.indices.map { point[$0] - origin[$0] }
            #expect(gain(other) <= gain(best) + 1e-9)
        }
    }

    /// The shortest way to a hyperplane reaches it, and no shorter perturbation inside the box does.
    @Test(arguments: ThreatModel.Norm.allCases, 0..<20)
    func theShortestWayIsShortest(norm: ThreatModel.Norm, seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        let x = generator.numbers(4, in: 0.1...0.9)
        let plane = Hyperplane(gap: 0.05, slope: generator.numbers(4))
        func value(_ delta: [Double]) -> Double {
            delta.indices.reduce(plane.gap) { $0 + plane.slope[$1] * delta[$1] }
        }
        let way = plane.shortest(from: x, ball(norm, 1))
        expectInside(x, way)
        #expect(abs(value(way)) < 1e-12)
        // A smaller ball does not reach it.
        let smaller = ball(norm, 0.999 * norm.length(way)).farthest(along: plane.slope.map { -$0 }, at: x)
        #expect(value(smaller) > 0)
        // Without a box, its length is what the dual norm says.
        let free = plane.shortest(from: x, ball(norm, 1, box: nil))
        #expect(abs(norm.length(free) - plane.distance(norm)) < 1e-12)
    }

    @Test(arguments: ThreatModel.Norm.allCases)
    func randomStartsAreUniform(norm: ThreatModel.Norm) {
        var generator = SplitMix64(7)
        let ball = ball(norm, 0.5, box: nil)
        let lengths = (0..<4000).map { _ in norm.length(ball.uniform(3, using: &generator)) }
        #expect(lengths.allSatisfy { $0 <= 0.5 })
        // An eighth of the ball of three dimensions lies within half the radius: 500 of 4000, deviation 21.
        let inner = lengths.filter { $0 < 0.25 }.count
        #expect(abs(inner - 500) < 105)
    }
}

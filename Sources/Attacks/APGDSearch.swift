import Compute

/// Auto-PGD for one point: momentum, and a step size that is halved where progress ends.
///
/// Source: Croce & Hein, "Reliable evaluation of adversarial robustness with an ensemble of diverse parameter-free
/// attacks", 2020, algorithm 1 and its settings; ℓ1: Croce & Hein, "Mind the box", 2021, algorithm 1.
struct APGDSearch: PointSearch {
    private let ball: Ball
    private let origin: [Double]
    private let objective: AttackObjective
    private let label: Int
    private let steps: Int
    private let isReached: @Sendable (ArraySlice<Double>) -> Bool

    private var point: [Double]
    private var earlier: [Double]
    /// Objective at the start and after each step.
    private var values: [Double] = []
    private(set) var best: (point: [Double], gradient: [Double], value: Double)
    private var step: Double
    private var interval: Int
    private var sinceCheck = 0
    private var atCheck = (value: -Double.infinity, wasReduced: true)
    /// ℓ1: share of the numbers that a step moves, and numbers that the best point differs in.
    private var share: Double
    private var support: Double
    private(set) var isDone = false

    var query: [Double] { point }

    /// - Parameters:
    ///   - start: inside the ball.
    ///   - isReached: whether outputs end the search.
    init(
        ball: Ball, origin: [Double], start: [Double], objective: AttackObjective, label: Int, steps: Int,
        isReached: @escaping @Sendable (ArraySlice<Double>) -> Bool, isWarm: Bool = false
    ) {
        self.ball = ball
        self.origin = origin
        self.objective = objective
        self.label = label
        self.steps = steps
        self.isReached = isReached
        point = start
        earlier = start
        best = (start, [], -.infinity)
        step = ball.norm == .l1 ? ball.eps : 2 * ball.eps
        interval = max(Int((ball.norm == .l1 ? 0.04 : 0.22) * Double(steps)), 1)
        let moved = Double(zip(start, origin).count { $0 != $1 })
        share = isWarm ? moved / Double(max(origin.count, 1)) / 1.5 : 0.2
        support = isWarm ? moved : Double(origin.count)
    }

    func cotangents(_ outputs: ArraySlice<Double>) -> [[Double]] {
        values.count == steps || isReached(outputs) ? [] : [objective.direction(outputs, label: label)]
    }

    mutating func advance(_ outputs: ArraySlice<Double>, _ gradients: [[Double]]) {
        let value = objective.value(outputs, label: label)
        var gradient = gradients.first ?? []
        if value > best.value { best = (point, gradient, value) }
        values.append(value)
        isDone = values.count > steps || isReached(outputs)
        guard !isDone else { return }
        if values.count == 1 { atCheck.value = value }
        if values.count > 1 {
            sinceCheck += 1
            if sinceCheck == interval {
                sinceCheck = 0
                if ball.norm == .l1 ? checkSupport() : checkProgress() {
                    point = best.point
                    gradient = best.gradient
                }
            }
        }
        // Where the search went back to the best point, its momentum starts from there.
        let current = point
        point = next(gradient)
        earlier = current
    }

    private func next(_ gradient: [Double]) -> [Double] {
        let direction = ball.norm.direction(gradient, share: share)
        let stepped = ball.projected(zip(point, direction).map { $0 + step * $1 }, around: origin)
        guard ball.norm != .l1, values.count > 1 else { return stepped }
        let mixed = point.indices.map { j in
            point[j] + 0.75 * (stepped[j] - point[j]) + 0.25 * (point[j] - earlier[j])
        }
        return ball.projected(mixed, around: origin)
    }

    /// Halves the step where the objective rose in fewer than three quarters of the steps since the last check, or
    /// where the best one is that of the last check, at which the step was kept.
    private mutating func checkProgress() -> Bool {
        let recent = values.suffix(interval + 1)
        let rises = zip(recent, recent.dropFirst()).count { $0 < $1 }
        let isReduced =
            Double(rises) <= 0.75 * Double(interval) || (!atCheck.wasReduced && atCheck.value >= best.value)
        atCheck = (best.value, isReduced)
        interval = max(interval - max(Int(0.03 * Double(steps)), 1), max(Int(0.06 * Double(steps)), 1))
        if isReduced { step /= 2 }
        return isReduced
    }

    /// Fits the share of moved numbers to the best point; the step starts anew where that point has become sparser, else
    /// it shrinks.
    private mutating func checkSupport() -> Bool {
        let moved = Double(zip(best.point, origin).count { $0 != $1 })
        let isSparser = moved / max(support, 1) < 0.95
        share = moved / Double(max(origin.count, 1)) / 1.5
        step = isSparser ? ball.eps : max(step / 1.5, ball.eps / 10)
        support = moved
        return isSparser
    }
}

/// Where the search for a universal perturbation is.
package struct UniversalSearch: Sendable {
    /// What some of the points say of a perturbation.
    package struct Response: Sendable {
        /// ∇_δ L at each point, [points][d].
        let gradients: [[Double]]
        /// L at each point.
        let values: [Double]
        /// Points that reached the goal.
        let reached: Int
        /// Points that did not, and whose gradient is zero everywhere.
        let zeroGradients: Int
        /// Seconds that it took.
        let seconds: Double
    }

    private let ball: Ball
    private let stepSize: Double
    private var left: Int
    private var bestScore: (reached: Int, value: Double)?
    /// δ at which the responses are wanted next, [d].
    package private(set) var delta: [Double]
    /// δ of the best responses so far, [d].
    package private(set) var best: [Double]
    /// Whether no responses are wanted any more.
    package private(set) var isDone = false
    /// Points that had not reached the goal at δ = 0 and whose gradient was zero everywhere there; nil before.
    package private(set) var zeroGradients: Int?
    /// Gradients times points that were computed, and the seconds of all devices together.
    package private(set) var cost = (pointSteps: 0, seconds: 0.0)

    init(ball: Ball, size: Int, steps: Int, stepSize: Double) {
        self.ball = ball
        self.stepSize = stepSize
        left = steps
        delta = [Double](repeating: 0, count: size)
        best = delta
    }

    /// Moves on from what all points say of `delta`.
    /// - Parameter responses: in the order of the points, so that sums depend on no batches.
    package mutating func advance(_ responses: [Response]) {
        let value = responses.reduce(0) { $1.values.reduce($0, +) }
        let reached = responses.reduce(0) { $0 + $1.reached }
        if bestScore.map({ (reached, value) > ($0.reached, $0.value) }) ?? true {
            (best, bestScore) = (delta, (reached, value))
        }
        zeroGradients = zeroGradients ?? responses.reduce(0) { $0 + $1.zeroGradients }
        cost.pointSteps += responses.reduce(0) { $0 + $1.values.count }
        cost.seconds += responses.reduce(0) { $0 + $1.seconds }
        isDone = left == 0
        guard !isDone else { return }
        left -= 1
        var sum = [Double](repeating: 0, count: delta.count)
        for gradient in responses.lazy.flatMap(\.gradients) {
            for j in sum.indices { sum[j] += gradient[j] }
        }
        let stepped = zip(delta, ball.norm.direction(sum)).map { $0 + stepSize * $1 }
        delta = ball.projected(stepped, around: [Double](repeating: 0, count: delta.count))
    }
}

extension AdversarialExamples {
    /// Adds what the search that led to them has cost.
    package mutating func add(_ search: UniversalSearch) {
        pointSteps += search.cost.pointSteps
        seconds += search.cost.seconds
    }
}

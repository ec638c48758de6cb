/// Where the search for a universal perturbation is.
package struct UniversalSearch: Sendable {
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

    init(ball: Ball, size: Int, steps: Int, stepSize: Double) {
        self.ball = ball
        self.stepSize = stepSize
        left = steps
        delta = [Double](repeating: 0, count: size)
        best = delta
    }

    /// Moves on from what all points say of `delta`.
    /// - Parameter responses: in the order of the points, so that sums depend on no batches.
    package mutating func advance(_ responses: [Universal.Response]) {
        let value = responses.reduce(0) { $1.values.reduce($0, +) }
        let reached = responses.reduce(0) { $0 + $1.reached }
        if bestScore.map({ (reached, value) > ($0.reached, $0.value) }) ?? true {
            (best, bestScore) = (delta, (reached, value))
        }
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

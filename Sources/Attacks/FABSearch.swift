import Compute

/// FAB for one point: steps onto the linearised border, drawn towards the clean point; adversarial points are pulled back.
///
/// Source: Croce & Hein, "Minimally distorted adversarial examples with a fast adaptive boundary attack", 2020,
/// algorithm 1: α ≤ 0.1, η = 1.05, β = 0.9.
struct FABSearch: NearestSearch {
    private let ball: Ball
    private let origin: [Double]
    private let borders: ClassBorders
    private let isReached: @Sendable (ArraySlice<Double>) -> Bool
    private(set) var found = NearestFound()
    private var left: Int
    /// Whether the query is an adversarial point that has been pulled back, where only the gradient is wanted.
    private var isPulledBack = false
    private(set) var query: [Double]
    private(set) var isDone = false

    init(
        ball: Ball, origin: [Double], start: [Double], borders: ClassBorders, steps: Int,
        isReached: @escaping @Sendable (ArraySlice<Double>) -> Bool
    ) {
        self.ball = ball
        self.origin = origin
        self.borders = borders
        self.isReached = isReached
        left = steps
        query = start
    }

    func cotangents(_ outputs: ArraySlice<Double>) -> [[Double]] {
        left == 0 || (isReached(outputs) && !isPulledBack) ? [] : borders.cotangents(outputs)
    }

    mutating func advance(_ outputs: ArraySlice<Double>, _ gradients: [[Double]]) {
        if isReached(outputs) {
            found.take(query, outputs, ball.distance(query[...], origin[...]))
            if !isPulledBack && left > 0 {
                query = ball.boxed(zip(origin, query).map { $0 + 0.9 * ($1 - $0) }, around: origin)
                isPulledBack = true
                return
            }
        }
        isPulledBack = false
        isDone = left == 0
        guard !isDone, let border = borders.nearest(outputs, gradients, ball.norm) else { return }
        left -= 1
        query = next(border)
    }

    /// `(1 − α) (x + η δ) + α (x₀ + η δ₀)`, with the shortest ways δ and δ₀ to the border from the query x and from the
    /// clean point x₀, and α = ‖δ‖ / (‖δ‖ + ‖δ₀‖), at most 0.1.
    private func next(_ border: Hyperplane) -> [Double] {
        let shift = zip(border.slope, zip(origin, query)).reduce(0) { $0 + $1.0 * ($1.1.0 - $1.1.1) }
        let here = border.shortest(from: query, ball)
        let there = Hyperplane(gap: border.gap + shift, slope: border.slope).shortest(from: origin, ball)
        let (near, far) = (max(ball.norm.length(here), 1e-8), max(ball.norm.length(there), 1e-8))
        let alpha = min(near / (near + far), 0.1)
        let point = origin.indices.map { j in
            (1 - alpha) * (query[j] + 1.05 * here[j]) + alpha * (origin[j] + 1.05 * there[j])
        }
        return ball.boxed(point, around: origin)
    }
}

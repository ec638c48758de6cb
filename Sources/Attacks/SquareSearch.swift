import Compute

/// The Square attack for one point: random squares, of which those are kept that raise the objective.
///
/// Source: Andriushchenko et al., "Square attack: a query-efficient black-box adversarial attack via random search",
/// 2020, algorithms 1 to 3; ℓ1: Croce & Hein, "Mind the box", 2021, appendix.
struct SquareSearch: PointSearch {
    private let ball: Ball
    private let origin: [Double]
    private let grid: PixelGrid
    private let objective: AttackObjective
    private let label: Int
    private let queries: Int
    private let share: Double
    private let isReached: @Sendable (ArraySlice<Double>) -> Bool
    private var generator: SplitMix64

    private(set) var query: [Double]
    private var best: (point: [Double], value: Double)
    private var done = 0
    private(set) var isDone = false

    init(
        ball: Ball, origin: [Double], grid: PixelGrid, objective: AttackObjective, label: Int, queries: Int,
        share: Double, generator: SplitMix64, isReached: @escaping @Sendable (ArraySlice<Double>) -> Bool
    ) {
        self.ball = ball
        self.origin = origin
        self.grid = grid
        self.objective = objective
        self.label = label
        self.queries = queries
        self.share = share
        self.generator = generator
        self.isReached = isReached
        query = origin
        best = (origin, -.infinity)
        query = ball.norm == .linf ? stripes() : bumps()
    }

    func cotangents(_ outputs: ArraySlice<Double>) -> [[Double]] { [] }

    mutating func advance(_ outputs: ArraySlice<Double>, _ gradients: [[Double]]) {
        let value = objective.value(outputs, label: label)
        if value > best.value || done == 0 { best = (query, value) }
        done += 1
        isDone = done == queries || isReached(outputs)
        guard !isDone else { return }
        query = ball.norm == .linf ? recoloured() : reshaped()
    }

    /// Share of the numbers that a square covers, halved in stages that are meant for 10,000 queries and scaled to the
    /// budget.
    private var currentShare: Double {
        let place = Double(done) / Double(queries) * 10_000
        let stages = [10.0, 50, 200, 500, 1000, 2000, 4000, 6000, 8000]
        return stages.reduce(share) { place > $1 ? $0 / 2 : $0 }
    }

    private mutating func sign() -> Double { Bool.random(using: &generator) ? 1 : -1 }

    // MARK: ℓ∞

    /// A sign for each column and channel.
    private mutating func stripes() -> [Double] {
        var delta = [Double](repeating: 0, count: origin.count)
        for column in 0..<grid.width {
            for channel in 0..<grid.channels {
                let value = sign() * ball.eps
                for row in 0..<grid.height { delta[grid.index(row, column, channel)] = value }
            }
        }
        return ball.point(at: origin, moved: delta)
    }

    /// The best point with ±2ε added in a square, which the ball cuts to ±ε.
    private mutating func recoloured() -> [Double] {
        let window = grid.window(share: currentShare, minimum: 1, using: &generator)
        var point = best.point
        for channel in 0..<grid.channels {
            let value = sign() * 2 * ball.eps
            for index in grid.indices(window, channel) { point[index] += value }
        }
        return ball.projected(point, around: origin)
    }

    // MARK: ℓ2 and ℓ1

    /// Tiles of bumps, five along each side.
    private mutating func bumps() -> [Double] {
        var delta = [Double](repeating: 0, count: origin.count)
        for window in grid.tiles(5) {
            let bump = bump(window)
            for channel in 0..<grid.channels {
                let sign = sign()
                for (value, index) in zip(bump, grid.indices(window, channel)) { delta[index] += sign * value }
            }
        }
        return onSphere(delta)
    }

    /// Moves the perturbation of one window into another one, changed by a bump.
    private mutating func reshaped() -> [Double] {
        var delta = zip(best.point, origin).map { $0 - $1 }
        let size = currentShare
        let window = grid.window(share: size, minimum: 3, using: &generator)
        let other = grid.window(share: size, minimum: 3, using: &generator)
        let bump = bump(window)
        let norm = ball.norm
        var covered = Set<Int>()
        for channel in 0..<grid.channels {
            covered.formUnion(grid.indices(window, channel))
            covered.formUnion(grid.indices(other, channel))
        }
        let unused = budget(ball.eps) - budget(norm.length(delta))
        let total = max(unused, 0) / Double(grid.channels) + budget(norm.length(covered.map { delta[$0] }))
        var changes: [(indices: [Int], values: [Double])] = []
        for channel in 0..<grid.channels {
            let indices = grid.indices(window, channel)
            let old = indices.map { delta[$0] }
            let length = norm.length(old) + 1e-12
            let sign = sign()
            let mixed = zip(bump, old).map { sign * $0 + $1 / length }
            let scale = (norm == .l2 ? total.squareRoot() : total) / (norm.length(mixed) + 1e-12)
            changes.append((indices, mixed.map { $0 * scale }))
        }
        for channel in 0..<grid.channels {
            for index in grid.indices(other, channel) { delta[index] = 0 }
        }
        for change in changes {
            for (index, value) in zip(change.indices, change.values) { delta[index] = value }
        }
        return onSphere(delta)
    }

    /// What adds up over numbers: the square of an ℓ2 length, an ℓ1 length itself.
    private func budget(_ length: Double) -> Double { ball.norm == .l2 ? length * length : length }

    private func onSphere(_ delta: [Double]) -> [Double] {
        let length = ball.norm.length(delta)
        return ball.point(at: origin, moved: delta.map { length > 0 ? $0 * ball.eps / length : 0 })
    }

    /// Two heaps of opposite sign, one in each half of a window, of length 1.
    private mutating func bump(_ window: PixelGrid.Window) -> [Double] {
        let (rows, columns) = (window.rows.count, window.columns.count)
        let isUpright = rows > 1 && (columns == 1 || Bool.random(using: &generator))
        let (along, across) = isUpright ? (rows, columns) : (columns, rows)
        let halves = Self.heap(along / 2, across) + Self.heap(along - along / 2, across).map { -$0 }
        let length = ball.norm.length(halves)
        return (0..<rows * columns).map { place in
            let (row, column) = (place / columns, place % columns)
            return halves[isUpright ? row * columns + column : column * rows + row] / max(length, 1e-12)
        }
    }

    /// Nested rectangles around the middle of [height, width] that add 1/n², of length 1 in ℓ2.
    private static func heap(_ height: Int, _ width: Int) -> [Double] {
        var values = [Double](repeating: 0, count: height * width)
        let middle = (row: height / 2, column: width / 2)
        for ring in 0...max(middle.row, middle.column) {
            let rows = max(middle.row - ring, 0)..<min(middle.row + ring + 1, height)
            let columns = max(middle.column - ring, 0)..<min(middle.column + ring + 1, width)
            guard !rows.isEmpty, !columns.isEmpty else { continue }
            for row in rows {
                for column in columns { values[row * width + column] += 1 / Double((ring + 1) * (ring + 1)) }
            }
        }
        let length = ThreatModel.Norm.l2.length(values)
        return length > 0 ? values.map { $0 / length } : values
    }
}

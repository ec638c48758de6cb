import Compute

/// The attack of Carlini & Wagner in ℓ2: lowers `‖x̃ − x‖² + c max(κ − margin, 0)` by Adam, in a variable that keeps x̃ in
/// the box, and searches for the smallest c that succeeds.
///
/// Settings as published: 9 searches for c from 1e-3 on, 10,000 steps each at a learning rate of 0.01, κ = 0; a search
/// ends early where the mean of the sum over a tenth of the steps has not fallen by 1e-4 of itself (the published program
/// looks at the momentary sum of many points, which swings less than that of one). Without a box x̃ itself is the
/// variable.
///
/// Source: Carlini & Wagner, "Towards evaluating the robustness of neural networks", 2017, section V.A, loss f₆.
package struct CarliniWagner: MinimumNormAttack {
    package let goal: AttackGoal
    package let steps: Int
    package let searches: Int
    package let learningRate: Double
    /// κ ≥ 0.
    package let confidence: Double

    package init(
        goal: AttackGoal = .label, steps: Int = 10_000, searches: Int = 9, learningRate: Double = 0.01,
        confidence: Double = 0
    ) {
        precondition(steps > 0 && searches > 0 && learningRate > 0, "\(steps) steps, \(searches) searches")
        self.goal = goal
        self.steps = steps
        self.searches = searches
        self.learningRate = learningRate
        self.confidence = confidence
    }

    package var name: String { "cw" }
    package var gradientSteps: Int { steps * searches }
    package var objective: AttackObjective { AttackObjective(loss: .margin, isTargeted: goal.isTargeted) }

    package func minimize(
        _ batch: AttackBatch, of model: any AttackedModel, within threat: ThreatModel, control: AttackControl
    ) throws(AttackError) -> AdversarialExamples {
        guard threat.norm == .l2 else { throw .usage("cw measures in l2; set norm: l2") }
        let attacked = try AttackedBatch(batch, of: model, within: threat, objective, goal, control)
        let aim = attacked.aim
        return try attacked.searchNearest(rounds: gradientSteps, steps: gradientSteps) { _, row, _ in
            CarliniWagnerSearch(
                settings: self, ball: attacked.ball, origin: attacked.origin(row), label: aim.classes[row],
                isReached: { aim.isReached($0, row) })
        }
    }
}

private struct CarliniWagnerSearch: NearestSearch {
    private let settings: CarliniWagner
    private let ball: Ball
    private let origin: [Double]
    private let label: Int
    private let isReached: @Sendable (ArraySlice<Double>) -> Bool
    private(set) var found = NearestFound()

    private var constant = 1e-3
    private var bounds = (lower: 0.0, upper: Double.infinity)
    private var searchesLeft: Int
    private var step = 0
    private var hasSucceeded = false
    /// Sum of the losses since the last check, and the sum before.
    private var losses = (recent: 0.0, earlier: Double.infinity)
    private var variable: [Double]
    private var moments: (first: [Double], second: [Double])
    private(set) var isDone = false
    private(set) var query: [Double]

    init(
        settings: CarliniWagner, ball: Ball, origin: [Double], label: Int,
        isReached: @escaping @Sendable (ArraySlice<Double>) -> Bool
    ) {
        self.settings = settings
        self.ball = ball
        self.origin = origin
        self.label = label
        self.isReached = isReached
        searchesLeft = settings.searches
        variable = Self.variable(origin, ball)
        moments = (origin.map { _ in 0 }, origin.map { _ in 0 })
        query = origin
        query = point()
    }

    func cotangents(_ outputs: ArraySlice<Double>) -> [[Double]] {
        [settings.objective.derivative(outputs, label: label)]
    }

    mutating func advance(_ outputs: ArraySlice<Double>, _ gradients: [[Double]]) {
        let margin = settings.objective.value(outputs, label: label)
        let length = ball.distance(query[...], origin[...])
        let loss = length * length + constant * max(settings.confidence - margin, 0)
        if isReached(outputs) && margin >= settings.confidence {
            found.take(query, outputs, length)
            hasSucceeded = true
        }
        step += 1
        losses.recent += loss
        var isOver = step == settings.steps
        if step.isMultiple(of: max(settings.steps / 10, 1)) {
            if losses.recent > 0.9999 * losses.earlier { isOver = true }
            losses = (0, losses.recent)
        }
        if isOver { startSearch() } else { descend(gradients.first ?? [], isActive: margin < settings.confidence) }
    }

    /// One step of Adam. Source: Kingma & Ba 2015, with its standard settings.
    private mutating func descend(_ gradient: [Double], isActive: Bool) {
        let (decay1, decay2) = (0.9, 0.999)
        let time = Double(step)
        let (scale1, scale2) = (1 - exp(time * log(decay1)), 1 - exp(time * log(decay2)))
        for j in origin.indices {
            var slope = 2 * (query[j] - origin[j])
            if isActive { slope -= constant * gradient[j] }
            if let box = ball.box {
                let half = (box.upperBound - box.lowerBound) / 2
                let tangent = tanh(variable[j])
                slope *= half * (1 - tangent * tangent)
            }
            moments.first[j] = decay1 * moments.first[j] + (1 - decay1) * slope
            moments.second[j] = decay2 * moments.second[j] + (1 - decay2) * slope * slope
            let speed = (moments.second[j] / scale2).squareRoot() + 1e-8
            variable[j] -= settings.learningRate * (moments.first[j] / scale1) / speed
        }
        query = point()
    }

    /// The next constant: the middle of what failed and what succeeded, ten times as much where nothing did.
    private mutating func startSearch() {
        if hasSucceeded {
            bounds.upper = min(bounds.upper, constant)
        } else {
            bounds.lower = max(bounds.lower, constant)
        }
        constant = bounds.upper.isFinite ? (bounds.lower + bounds.upper) / 2 : constant * 10
        searchesLeft -= 1
        isDone = searchesLeft == 0
        (step, hasSucceeded, losses) = (0, false, (0, .infinity))
        variable = Self.variable(origin, ball)
        moments = (origin.map { _ in 0 }, origin.map { _ in 0 })
        query = point()
    }

    /// The point of the variable: `middle + half width · tanh w` in a box.
    private func point() -> [Double] {
        guard let box = ball.box else { return ball.boxed(variable, around: origin) }
        let (middle, half) = ((box.upperBound + box.lowerBound) / 2, (box.upperBound - box.lowerBound) / 2)
        return ball.boxed(variable.map { middle + half * tanh($0) }, around: origin)
    }

    private static func variable(_ point: [Double], _ ball: Ball) -> [Double] {
        guard let box = ball.box else { return point }
        let (middle, half) = ((box.upperBound + box.lowerBound) / 2, (box.upperBound - box.lowerBound) / 2)
        // A number on a bound would stand at infinity.
        return point.map { atanh(0.999999 * ($0 - middle) / half) }
    }
}

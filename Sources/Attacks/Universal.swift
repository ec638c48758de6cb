import Compute

/// One perturbation δ for all points of a set: projected ascent on their mean loss at x_i + δ, from δ = 0.
///
/// In ℓ∞ `δ ← clip(δ + α sign Σ_i ∇ₓ L(f(x_i + δ), y_i), −ε, ε)`, in ℓ2 and ℓ1 with the steps and projections of ``PGD``.
/// Points are clipped to the box, and a number that the box stops adds nothing to the sum. All points take part in every
/// step. The result is the δ under which most points reach the goal; of equal ones the one of the largest loss.
///
/// Source: Moosavi-Dezfooli et al., "Universal adversarial perturbations", 2017 (one perturbation for all images); Shafahi
/// et al., "Universal adversarial training", 2020, section 3 (ascent on the mean loss, there by mini-batches).
package struct Universal: JointAttack {
    package let loss: AttackLoss
    package let goal: AttackGoal
    package let steps: Int
    /// α, in the unit of the inputs; nil for 2.5 ε / steps.
    package let stepSize: Double?

    package init(
        loss: AttackLoss = .crossEntropy, goal: AttackGoal = .label, steps: Int = 20, stepSize: Double? = nil
    ) {
        precondition(steps > 0, "\(steps) steps")
        precondition(stepSize.map { $0 >= 0 && $0.isFinite } ?? true, "a step size of \(stepSize ?? 0)")
        self.loss = loss
        self.goal = goal
        self.steps = steps
        self.stepSize = stepSize
    }

    package var name: String { "universal" }
    package var gradientSteps: Int { steps + 1 }
    package var objective: AttackObjective { AttackObjective(loss: loss, isTargeted: goal.isTargeted) }

    package func examples(
        _ batch: AttackBatch, moved delta: [Double], of model: any AttackedModel, within threat: ThreatModel
    ) throws(AttackError) -> AdversarialExamples {
        let attacked = try AttackedBatch(batch, of: model, within: threat, objective, goal, AttackControl())
        let points = moved(batch.points, by: delta, within: threat, model.precision).elements
        let rows = Array(0..<attacked.count)
        attacked.keep(points, try attacked.predict(try attacked.upload(points), rows), rows, replaces: true)
        attacked.didStep(attacked.count)
        return attacked.examples(steps: 1)
    }

    package func response(
        _ batch: AttackBatch, _ classes: [Int], to delta: [Double], of model: any AttackedModel,
        within threat: ThreatModel
    ) throws(AttackError) -> UniversalSearch.Response {
        let begin = ContinuousClock.now
        let (ball, size) = (Ball(threat, model.precision), batch.points.stride)
        try batch.check(batch.points.elements, threat.box)
        let points = moved(batch.points, by: delta, within: threat, model.precision)
        let linearized = try onDevice { () throws(ComputeError) in
            try model.linearize(try model.backend.upload(points.elements, as: model.precision), count: points.count)
        }
        let outputs = linearized.predictions
        let cotangents = classes.indices.flatMap { objective.derivative(outputs.row($0), label: classes[$0]) }
        let numbers = try onDevice { () throws(ComputeError) in
            try model.backend.download(
                try linearized.inputGradient(cotangents: Tensor(shape: outputs.shape, elements: cotangents)))
        }
        if let bad = numbers.firstIndex(where: { !$0.isFinite }) {
            throw .gradientNotFinite(point: batch.indices[bad / size])
        }
        let aim = Aim(objective: objective, goal: goal, classes: classes)
        let isReached = classes.indices.map { aim.isReached(outputs.row($0), $0) }
        return UniversalSearch.Response(
            gradients: classes.indices.map { row in
                // Beyond the box a point stands still.
                (0..<size).map { j in
                    let target = batch.points.elements[row * size + j] + delta[j]
                    return ball.box?.contains(target) ?? true ? numbers[row * size + j] : 0
                }
            },
            values: classes.indices.map { aim.value(outputs.row($0), $0) },
            reached: isReached.count { $0 },
            zeroGradients: classes.indices.count { row in
                !isReached[row] && numbers[row * size..<(row + 1) * size].allSatisfy { $0 == 0 }
            },
            seconds: (ContinuousClock.now - begin) / .seconds(1))
    }

    package func search(size: Int, within threat: ThreatModel, _ precision: Precision) -> UniversalSearch {
        UniversalSearch(
            ball: Ball(ThreatModel(norm: threat.norm, eps: threat.eps, box: nil), precision), size: size,
            steps: threat.eps > 0 ? steps : 0, stepSize: stepSize ?? 2.5 * threat.eps / Double(steps))
    }

    package func classes(
        _ batch: AttackBatch, clean: Tensor<Double>
    ) throws(AttackError) -> [Int] { try goal.classes(batch, clean, outputs: clean.stride) }

    /// The points x_i + δ in ball and box, rounded towards x_i.
    private func moved(
        _ points: Tensor<Double>, by delta: [Double], within threat: ThreatModel, _ precision: Precision
    ) -> Tensor<Double> {
        let ball = Ball(threat, precision)
        let clean = precision == .float32 ? points.elements.rounded().widened() : points.elements
        let size = points.stride
        let moved = (0..<points.count).flatMap {
            ball.point(at: Array(clean[$0 * size..<($0 + 1) * size]), moved: delta)
        }
        return Tensor(shape: points.shape, elements: moved)
    }
}

import Compute

/// One perturbation δ for all points of a set: projected ascent on their mean loss at x_i + δ, from δ = 0.
///
/// In ℓ∞ `δ ← clip(δ + α sign Σ_i ∇ₓ L(f(x_i + δ), y_i), −ε, ε)`, in ℓ2 and ℓ1 with the steps and projections of ``PGD``.
/// Points are clipped to the box, and a number that the box stops adds nothing to the sum. All points take part in every
/// step. The result is the δ under which most points reach the goal; of equal ones the one of the largest loss.
///
/// Source: Moosavi-Dezfooli et al., "Universal adversarial perturbations", 2017 (one perturbation for all images); Shafahi
/// et al., "Universal adversarial training", 2020, section 3 (ascent on the mean loss, there by mini-batches).
package struct Universal: Attack {
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

    /// Finds δ for the points of the batch, as if there were no others.
    package func perturb(
        _ batch: AttackBatch, of model: any AttackedModel, within threat: ThreatModel, control: AttackControl
    ) throws(AttackError) -> AdversarialExamples {
        let clean = try onDevice { () throws(ComputeError) in try model.predict(at: batch.points) }
        let classes = try goal.classes(batch, clean, outputs: model.outputs)
        var search = search(size: batch.points.stride, within: threat, model.precision)
        while !search.isDone {
            if control.isCancelled() { throw .cancelled }
            search.advance([try response(batch, classes, to: search.delta, of: model, within: threat)])
            control.onStep(batch.points.count)
        }
        return try examples(batch, moved: search.best, of: model, within: threat)
    }

    /// x_i + δ, and what the model says of it.
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

    /// What some of the points say of a perturbation.
    package struct Response: Sendable {
        /// ∇_δ L at each point, [points][d].
        let gradients: [[Double]]
        /// L at each point.
        let values: [Double]
        /// Points that reached the goal.
        let reached: Int
    }

    /// How a batch responds to δ.
    /// - Parameter classes: those that the points shall leave or reach, [m].
    /// - Throws: `AttackError`.
    /// - Complexity: one linearisation of the batch and one gradient.
    package func response(
        _ batch: AttackBatch, _ classes: [Int], to delta: [Double], of model: any AttackedModel,
        within threat: ThreatModel
    ) throws(AttackError) -> Response {
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
        return Response(
            gradients: classes.indices.map { row in
                // Beyond the box a point stands still.
                (0..<size).map { j in
                    let target = batch.points.elements[row * size + j] + delta[j]
                    return ball.box?.contains(target) ?? true ? numbers[row * size + j] : 0
                }
            },
            values: classes.indices.map { aim.value(outputs.row($0), $0) },
            reached: classes.indices.count { aim.isReached(outputs.row($0), $0) })
    }

    /// A search for δ, from zero.
    /// - Parameters:
    ///   - size: d.
    ///   - precision: of the model.
    package func search(size: Int, within threat: ThreatModel, _ precision: Precision) -> UniversalSearch {
        UniversalSearch(
            ball: Ball(ThreatModel(norm: threat.norm, eps: threat.eps, box: nil), precision), size: size,
            steps: threat.eps > 0 ? steps : 0, stepSize: stepSize ?? 2.5 * threat.eps / Double(steps))
    }

    /// The classes that points of a batch shall leave or reach, [m].
    /// - Parameter clean: predictions at the points, [m, k].
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

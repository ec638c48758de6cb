import Compute

/// Ascent along the gradient inside a ball and a box: what FGSM, R-FGSM and PGD have in common.
struct GradientAscent {
    /// Where a run starts.
    enum Start {
        case clean
        /// Uniform in the ball, then brought into the box.
        case uniform
        /// A step of this length along the direction of a normal vector.
        case step(Double)
    }

    let objective: AttackObjective
    let goal: AttackGoal
    let steps: Int
    /// Length of a step in the norm.
    let stepSize: Double
    /// μ: the direction is `μ · (the one before) + ∇/‖∇‖₁`; 0 for the gradient alone.
    var momentum = 0.0
    var restarts = 1
    /// Of the first run; all others start at random.
    var start = Start.clean
    var seed: UInt64 = 0

    func perturb(
        _ batch: AttackBatch, of model: any AttackedModel, within threat: ThreatModel, control: AttackControl
    ) throws(AttackError) -> AdversarialExamples {
        let startsAtOrigin = if case .clean = start { true } else { false }
        let attacked = try AttackedBatch(
            batch, of: model, within: threat, objective, goal, control, startsAtOrigin: startsAtOrigin)
        // Without a radius nothing may move, so no gradient is needed and the input comes back bit for bit.
        for restart in 0..<restarts where attacked.ball.eps > 0 {
            // A point that has reached the goal needs no further run.
            let rows = restart == 0 ? Array(0..<attacked.count) : attacked.active
            guard !rows.isEmpty else { break }
            try run(restart, rows, attacked)
        }
        return attacked.examples(steps: steps * restarts)
    }

    private func run(_ restart: Int, _ rows: [Int], _ attacked: AttackedBatch) throws(AttackError) {
        let origins = rows.flatMap { attacked.origin($0) }
        let start = rows.flatMap { startPoint(restart, $0, attacked) }
        var path = AscentPath(
            point: try attacked.upload(start), origin: try attacked.upload(origins),
            momentum: [Double](repeating: 0, count: momentum > 0 ? start.count : 0))
        for step in 0..<steps {
            try attacked.checkCancellation()
            try self.step(&path, rows, attacked, isFirst: restart == 0 && step == 0)
            attacked.didStep(rows.count)
        }
        let predictions = try attacked.predict(path.point, rows)
        attacked.keep(try attacked.download(path.point), predictions, rows, replaces: restart == 0)
    }

    /// One step from the gradient at the path's point.
    private func step(
        _ path: inout AscentPath, _ rows: [Int], _ attacked: AttackedBatch, isFirst: Bool
    ) throws(AttackError) {
        let isSigned = attacked.ball.norm == .linf
        var direction: Buffer
        var predictions: Tensor<Double>?
        if !isFirst, let cotangents = attacked.aim.constantDirections(rows, outputs: attacked.model.outputs) {
            direction = try attacked.gradient(path.point, rows, cotangents)
        } else {
            let isAtOrigin = if case .clean = start { isFirst } else { false }
            let linearized = isAtOrigin ? try attacked.linearizeOrigin() : try attacked.linearize(path.point, rows)
            let outputs = linearized.predictions
            direction = try attacked.gradient(
                linearized, rows.enumerated().flatMap { attacked.aim.direction(outputs.row($0.offset), $0.element) })
            predictions = outputs
        }
        var numbers: [Double] = []
        if isFirst || momentum > 0 || !isSigned { numbers = try attacked.numbers(direction, rows) }
        if isFirst, let predictions { attacked.countZeros(numbers, predictions, rows) }
        if momentum > 0 {
            numbers = accumulate(numbers, &path, attacked.size)
            if isSigned { direction = try attacked.upload(numbers) }
        }
        if isSigned {
            try attacked.run(
                .signStep(
                    point: path.point, origin: path.origin, gradient: direction, stepSize: stepSize,
                    eps: attacked.ball.eps, box: attacked.ball.box))
        } else {
            path.point = try attacked.upload(moved(try attacked.download(path.point), numbers, rows, attacked))
        }
    }

    /// Source: Dong et al., "Boosting adversarial attacks with momentum", 2018, eq. 6.
    private func accumulate(_ gradient: [Double], _ path: inout AscentPath, _ size: Int) -> [Double] {
        for start in stride(from: 0, to: gradient.count, by: size) {
            let length = ThreatModel.Norm.l1.length(Array(gradient[start..<start + size]))
            for j in start..<start + size {
                path.momentum[j] = momentum * path.momentum[j] + (length > 0 ? gradient[j] / length : 0)
            }
        }
        return path.momentum
    }

    private func moved(
        _ points: [Double], _ directions: [Double], _ rows: [Int], _ attacked: AttackedBatch
    ) -> [Double] {
        let (size, ball) = (attacked.size, attacked.ball)
        return rows.enumerated().flatMap { place, row in
            let range = place * size..<(place + 1) * size
            let direction = ball.norm.direction(Array(directions[range]))
            let point = zip(points[range], direction).map { $0 + stepSize * $1 }
            return ball.projected(point, around: attacked.origin(row))
        }
    }

    private func startPoint(_ restart: Int, _ row: Int, _ attacked: AttackedBatch) -> [Double] {
        let origin = attacked.origin(row)
        let ball = attacked.ball
        var generator = SplitMix64(seed, UInt64(restart), UInt64(truncatingIfNeeded: attacked.batch.indices[row]))
        switch start {
        case .clean where restart == 0: return origin
        case .step(let length):
            let normal = generator.normal(origin.count)
            return ball.point(at: origin, moved: ball.norm.direction(normal).map { $0 * length })
        default: return ball.point(at: origin, moved: ball.uniform(origin.count, using: &generator))
        }
    }
}

/// Where a run is, on the device.
private struct AscentPath {
    /// [rows, d].
    var point: Buffer
    let origin: Buffer
    /// [rows, d]; empty without momentum.
    var momentum: [Double]
}

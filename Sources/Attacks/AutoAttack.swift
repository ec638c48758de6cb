import Compute

/// AutoAttack: APGD on the cross-entropy, targeted APGD, targeted FAB and Square, each on the points that are still robust.
///
/// Its result at a point is what the first attack that succeeded found, or the point of the largest margin. With three
/// classes or fewer there are fewer targets, see `AttackLoss.dlr`.
///
/// Settings: the standard version, 100 steps, 9 target classes, 5,000 queries, 1 run; in ℓ1 5 runs of APGD and 5 target
/// classes.
///
/// Source: Croce & Hein 2020, section 5; ℓ1: Croce & Hein 2021.
package struct AutoAttack: Attack {
    package let goal: AttackGoal
    package let seed: UInt64

    package init(goal: AttackGoal = .label, seed: UInt64 = 0) {
        precondition(!goal.isTargeted, "AutoAttack chooses its classes itself")
        self.goal = goal
        self.seed = seed
    }

    package var name: String { "auto" }
    package var isCumulative: Bool { true }
    package var gradientSteps: Int {
        ThreatModel.Norm.allCases.map { parts($0).reduce(0) { $0 + $1.gradientSteps } }.max() ?? 0
    }
    package var objective: AttackObjective { AttackObjective(loss: .margin) }

    /// The attacks, in their order.
    func parts(_ norm: ThreatModel.Norm) -> [any Attack] {
        let isSparse = norm == .l1
        let classes = isSparse ? 5 : 9
        return [
            APGD(.crossEntropy, goal: goal, restarts: isSparse ? 5 : 1, seed: seed),
            APGD(.targeted, goal: goal, classes: classes, seed: seed),
            FAB(isTargeted: true, goal: goal, classes: classes, seed: seed),
            Square(goal: goal, seed: seed),
        ]
    }

    package func perturb(
        _ batch: AttackBatch, of model: any AttackedModel, within threat: ThreatModel, control: AttackControl
    ) throws(AttackError) -> AdversarialExamples {
        var result: AdversarialExamples?
        for part in parts(threat.norm) {
            let name =
                "\(part.name)-\(threat.norm.rawValue)-\(threat.eps)-\(batch.indices.first ?? 0)-\(batch.indices.count)"
            guard var found = result else {
                result = try run(part, batch, model, threat, control, name)
                continue
            }
            let rows = found.isSuccessful.indices.filter { !found.isSuccessful[$0] }
            guard !rows.isEmpty else {
                control.onStep(part.gradientSteps * batch.points.count)
                continue
            }
            control.onStep(part.gradientSteps * (batch.points.count - rows.count))
            let subset = batch.subset(rows)
            found.improve(rows, with: try run(part, subset, model, threat, control, name))
            result = found
        }
        guard let result else { preconditionFailure("AutoAttack has no parts") }
        return result
    }

    /// Runs one part, or takes the points that an interrupted run has found with it. Either way they are judged anew, by
    /// the margin, so that both end with the same bits.
    private func run(
        _ part: any Attack, _ batch: AttackBatch, _ model: any AttackedModel, _ threat: ThreatModel,
        _ control: AttackControl, _ name: String
    ) throws(AttackError) -> AdversarialExamples {
        let zeros = "\(name)-zeros"
        if let points = control.memory?.load(name), points.shape == batch.points.shape,
            let count = control.memory?.load(zeros)?.elements.first
        {
            control.onStep(part.gradientSteps * batch.points.count)
            var examples = try judged(points, batch, model, threat, control)
            (examples.zeroGradients, examples.pointSteps) = (Int(count), 0)
            return examples
        }
        let found = try part.perturb(batch, of: model, within: threat, control: control)
        control.memory?.save(Tensor(shape: [1], elements: [Double(found.zeroGradients)]), zeros)
        control.memory?.save(found.points, name)
        var examples = try judged(found.points, batch, model, threat, control)
        (examples.zeroGradients, examples.pointSteps) = (found.zeroGradients, found.pointSteps)
        examples.seconds += found.seconds
        return examples
    }

    private func judged(
        _ points: Tensor<Double>, _ batch: AttackBatch, _ model: any AttackedModel, _ threat: ThreatModel,
        _ control: AttackControl
    ) throws(AttackError) -> AdversarialExamples {
        try FoundExamples(points: points, goal: goal)
            .perturb(batch, of: model, within: threat, control: AttackControl(isCancelled: control.isCancelled))
    }
}

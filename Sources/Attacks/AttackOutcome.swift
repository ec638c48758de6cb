import Compute

/// What one attack made of a set of points at several radii.
package struct AttackOutcome: Sendable {
    /// For each radius, in the order of the radii.
    package var examples: [AdversarialExamples]
    /// The nearest points that were found, at whatever distance, by an attack that looks for them.
    package var nearest: AdversarialExamples?
    /// For each radius the perturbation that all points share, shape of a point; none of other attacks.
    package var shared: [Tensor<Double>]

    package init(
        examples: [AdversarialExamples], nearest: AdversarialExamples? = nil, shared: [Tensor<Double>] = []
    ) {
        self.examples = examples
        self.nearest = nearest
        self.shared = shared
    }

    /// The outcomes of consecutive batches as one set; nil for none.
    package static func joined(_ parts: [AttackOutcome]) -> AttackOutcome? {
        guard let first = parts.first else { return nil }
        return AttackOutcome(
            examples: first.examples.indices.compactMap { index in
                AdversarialExamples.joined(parts.map { $0.examples[index] })
            },
            nearest: AdversarialExamples.joined(parts.compactMap(\.nearest)))
    }
}

extension AttackEvaluation {
    /// Attacks a batch at every radius. A minimum-norm attack runs once for all of them. A cumulative one goes from the
    /// smallest to the largest and attacks those points only that are still robust.
    /// - Throws: `AttackError`.
    package func perturb(
        _ batch: AttackBatch, of model: any AttackedModel, control: AttackControl
    ) throws(AttackError) -> AttackOutcome {
        if let attack = attack.minimumNorm {
            let nearest = try attack.minimize(
                batch, of: model, within: threat(eps.max() ?? 0), control: control)
            return AttackOutcome(
                examples: eps.map { nearest.within($0, clean: batch, precision: model.precision) }, nearest: nearest)
        }
        var found: [Int: AdversarialExamples] = [:]
        var last: AdversarialExamples?
        for index in eps.indices.sorted(by: { eps[$0] < eps[$1] }) {
            last = try perturb(batch, of: model, within: threat(eps[index]), after: last, control)
            found[index] = last
        }
        return AttackOutcome(examples: eps.indices.compactMap { found[$0] })
    }

    private func perturb(
        _ batch: AttackBatch, of model: any AttackedModel, within threat: ThreatModel,
        after smaller: AdversarialExamples?, _ control: AttackControl
    ) throws(AttackError) -> AdversarialExamples {
        guard attack.isCumulative, var found = smaller else {
            return try attack.perturb(batch, of: model, within: threat, control: control)
        }
        (found.zeroGradients, found.pointSteps, found.seconds) = (0, 0, 0)
        let rows = found.isSuccessful.indices.filter { !found.isSuccessful[$0] }
        control.onStep(attack.gradientSteps * (batch.points.count - rows.count))
        guard !rows.isEmpty else { return found }
        found.improve(
            rows, with: try attack.perturb(batch.subset(rows), of: model, within: threat, control: control))
        return found
    }
}

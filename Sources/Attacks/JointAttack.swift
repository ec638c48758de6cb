import Compute

/// An attack that finds something for all points together: what becomes of a point depends on all the others.
///
/// A caller keeps the search, asks batches on whatever device how they respond to where it is, and lets it advance by the
/// responses of all, in the order of the points. Batches do not matter then.
package protocol JointAttack: Attack {
    /// The classes that points of a batch shall leave or reach, [m].
    /// - Parameter clean: predictions at the points, [m, k].
    func classes(_ batch: AttackBatch, clean: Tensor<Double>) throws(AttackError) -> [Int]

    /// A search for δ, from zero.
    /// - Parameters:
    ///   - size: d.
    ///   - precision: of the model.
    func search(size: Int, within threat: ThreatModel, _ precision: Precision) -> UniversalSearch

    /// How a batch responds to δ.
    /// - Parameter classes: those that the points shall leave or reach, [m].
    /// - Throws: `AttackError`.
    /// - Complexity: one linearisation of the batch and one gradient.
    func response(
        _ batch: AttackBatch, _ classes: [Int], to delta: [Double], of model: any AttackedModel,
        within threat: ThreatModel
    ) throws(AttackError) -> UniversalSearch.Response

    /// x_i + δ, and what the model says of it.
    func examples(
        _ batch: AttackBatch, moved delta: [Double], of model: any AttackedModel, within threat: ThreatModel
    ) throws(AttackError) -> AdversarialExamples
}

extension JointAttack {
    package var joint: (any JointAttack)? { self }

    /// Attacks the points of the batch, as many at a time as the model takes, as if there were no others.
    package func perturb(
        _ batch: AttackBatch, of model: any AttackedModel, within threat: ThreatModel, control: AttackControl
    ) throws(AttackError) -> AdversarialExamples {
        var parts: [(batch: AttackBatch, classes: [Int])] = []
        for range in model.batches(batch.points.count) {
            let part = batch.subset(Array(range))
            let clean = try onDevice { () throws(ComputeError) in try model.predict(at: part.points) }
            parts.append((part, try classes(part, clean: clean)))
        }
        var search = search(size: batch.points.stride, within: threat, model.precision)
        while !search.isDone {
            var responses: [UniversalSearch.Response] = []
            for (part, classes) in parts {
                if control.isCancelled() { throw .cancelled }
                responses.append(try response(part, classes, to: search.delta, of: model, within: threat))
                control.onStep(part.points.count)
            }
            search.advance(responses)
        }
        var found: [AdversarialExamples] = []
        for (part, _) in parts { found.append(try examples(part, moved: search.best, of: model, within: threat)) }
        guard var joined = AdversarialExamples.joined(found) else {
            return try examples(batch, moved: search.best, of: model, within: threat)
        }
        joined.zeroGradients = search.zeroGradients ?? 0
        joined.add(search)
        return joined
    }
}

import Compute

/// An attack that looks for the nearest adversarial point instead of one inside a given ball.
package protocol MinimumNormAttack: Attack {
    /// The nearest points that were found; clean points where none was.
    /// - Parameter threat: norm and box; its radius is the largest one of interest.
    /// - Throws: `AttackError`.
    func minimize(
        _ batch: AttackBatch, of model: any AttackedModel, within threat: ThreatModel, control: AttackControl
    ) throws(AttackError) -> AdversarialExamples
}

extension MinimumNormAttack {
    package func perturb(
        _ batch: AttackBatch, of model: any AttackedModel, within threat: ThreatModel, control: AttackControl
    ) throws(AttackError) -> AdversarialExamples {
        try minimize(batch, of: model, within: threat, control: control)
            .within(threat.eps, clean: batch, precision: model.precision)
    }
}

extension AdversarialExamples {
    /// The same where the distance is at most `eps`, the clean points elsewhere.
    func within(_ eps: Double, clean batch: AttackBatch, precision: Precision) -> AdversarialExamples {
        var result = self
        let rows = distances.indices.filter { distances[$0] > eps || eps == 0 }
        let clean = precision == .float32 ? batch.points.map { Double(Float($0)) } : batch.points
        result.points.replace(rows, with: clean.rows(rows))
        result.predictions.replace(rows, with: cleanPredictions.rows(rows))
        for row in rows {
            result.values[row] = cleanValues[row]
            result.isSuccessful[row] = isCleanSuccessful[row]
            result.distances[row] = 0
        }
        return result
    }
}

/// The nearest adversarial point that a search has found for one point.
struct NearestFound {
    private(set) var point: [Double] = []
    private(set) var outputs: [Double] = []
    private(set) var distance = Double.infinity

    /// Takes an adversarial point where it is nearer.
    mutating func take(_ point: [Double], _ outputs: ArraySlice<Double>, _ distance: Double) {
        guard distance < self.distance else { return }
        self = NearestFound(point: point, outputs: Array(outputs), distance: distance)
    }

    mutating func take(_ other: NearestFound) {
        if other.distance < distance { self = other }
    }
}

extension AttackedBatch {
    /// The result of searches for nearest points.
    /// - Parameter found: by point.
    func examples(_ found: [Int: NearestFound], steps: Int) -> AdversarialExamples {
        let rows = found.keys.filter { found[$0]?.distance.isFinite == true }.sorted()
        let nearest = rows.compactMap { found[$0] }
        keep(
            nearest.flatMap(\.point),
            Tensor(shape: [rows.count, model.outputs], elements: nearest.flatMap(\.outputs)), rows,
            replaces: true)
        return examples(steps: steps)
    }
}

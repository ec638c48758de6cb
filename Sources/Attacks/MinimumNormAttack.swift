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
    package var minimumNorm: (any MinimumNormAttack)? { self }

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

/// A search for the nearest adversarial point.
protocol NearestSearch: PointSearch {
    var found: NearestFound { get }
}

extension AttackedBatch {
    /// Searches for the nearest points, run after run, of all points that have not reached the goal at x.
    /// - Parameters:
    ///   - rounds: of a run.
    ///   - steps: of each point, as announced.
    ///   - search: the search of a run for a point; `nearest` is how near earlier runs have come, infinity for nothing.
    func searchNearest<Search: NearestSearch>(
        runs: Int = 1, rounds: Int, steps: Int, _ search: (_ run: Int, _ row: Int, _ nearest: Double) -> Search
    ) throws(AttackError) -> AdversarialExamples {
        guard ball.eps > 0 else { return examples(steps: steps) }
        let rows = active
        var found = rows.map { _ in NearestFound() }
        for run in 0..<runs {
            var searches = zip(rows, found).map { search(run, $0, $1.distance) }
            try self.search(&searches, of: rows, rounds: rounds, keepsQueries: false)
            for index in rows.indices { found[index].take(searches[index].found) }
        }
        let places = rows.indices.filter { found[$0].distance.isFinite }
        keep(
            places.flatMap { found[$0].point },
            Tensor(shape: [places.count, model.outputs], elements: places.flatMap { found[$0].outputs }),
            places.map { rows[$0] }, replaces: true)
        return examples(steps: steps)
    }
}

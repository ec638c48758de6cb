import Attacks
import Compute
import Scheduling
import TangentKernels

extension FeatureStages {
    /// Every attack at every radius on every feature alone.
    /// - Parameter carried: g of every feature at the test points, [m, r].
    func attack(_ carried: Tensor<Double>, _ labels: [Int]) async throws -> [FeatureAttackResult] {
        var results: [FeatureAttackResult] = []
        for name in section.attacks {
            let stage = "features \(name.rawValue) \(subject.label)"
            // g at the adversarial points, [eps][r][m].
            let found = try await stages.journal.measure(stage) {
                switch name {
                case .fgsm: try await fgsm(carried, labels, stage)
                case .pgd: try await pgd(labels, stage)
                }
            }
            for (eps, carried) in zip(section.eps, found) {
                results.append(
                    FeatureAttackResult(attack: name, eps: eps, scores: FeatureScores(carried, factors, labels)))
            }
        }
        return results
    }

    /// One pass over the pairs for the gradients of a group of features at a batch of points; then each feature at its
    /// own points.
    private func fgsm(
        _ carried: Tensor<Double>, _ labels: [Int], _ stage: String
    ) async throws -> [[[Double]]] {
        let (groups, points, factors) = (self.groups, self.points, self.factors)
        // A few hundred MiB for the gradients of a batch.
        let batch = max(1, (1 << 23) / (Self.groupSize * points.stride))
        let batches = stride(from: 0, to: points.count, by: batch).map { $0..<min($0 + batch, points.count) }
        let attack = FeatureFGSM(eps: section.eps, box: section.clip)
        let parts = try await team.map(
            groups.count * batches.count, observer: stages.progress(stage, unit: "batches")
        ) {
            device, piece in
            let group = groups[piece / batches.count]
            let range = batches[piece % batches.count]
            return try kept("\(piece)", of: stage) {
                let weights = try features.carriers(Array(indices[group]))
                let known = Tensor(
                    shape: [range.count, group.count],
                    elements: range.flatMap { i in group.map { carried.elements[i * carried.stride + $0] } })
                let moved = try attack.perturb(
                    AttackBatch(points: points[range], labels: Array(labels[range]), firstIndex: range.lowerBound),
                    carriers: try predictor(weights, on: device), factors: Array(factors[group]), predictions: known)
                let found = try moved.flatMap { moved in
                    try group.indices.flatMap { place in
                        let start = place - group.lowerBound
                        return try predictor(weights.column(start), on: device).predictions(
                            at: moved[start..<start + 1].reshaped([range.count] + points.shape.dropFirst())
                        )
                        .elements
                    }
                }
                return Tensor(shape: [section.eps.count, group.count, range.count], elements: found)
            }
        }
        return section.eps.indices.map { eps in
            indices.indices.map { place in
                batches.indices.flatMap { batch in
                    let part = parts[place / Self.groupSize * batches.count + batch]
                    let row = eps * part.shape[1] + place % Self.groupSize
                    return part.elements[row * part.shape[2]..<(row + 1) * part.shape[2]]
                }
            }
        }
    }

    /// PGD on one feature after the other.
    private func pgd(_ labels: [Int], _ stage: String) async throws -> [[[Double]]] {
        let attack = PGD(steps: section.steps, stepSize: section.step, seed: UInt64(stages.configuration.seed))
        let (points, factors) = (self.points, self.factors)
        let parts = try await team.map(
            indices.count, observer: stages.progress(stage, item: "features", unit: "features")
        ) { device, place in
            try kept("\(place)", of: stage) {
                let carrier = try predictor(try features.carriers([indices[place]]), on: device)
                let evaluation = AttackEvaluation(
                    attack: attack, eps: section.eps, box: section.clip, batchSize: min(carrier.batchSize, 512))
                let u = factors[place]
                // g follows from the output of the largest factor.
                let largest = u.indices.max { abs(u[$0]) < abs(u[$1]) } ?? 0
                let found = try evaluation.run(
                    points: points, labels: labels, model: CarriedModel(carrier, factors: u)
                ).flatMap {
                    let predictions = $0.examples.predictions
                    return (0..<predictions.count).map { predictions.elements[$0 * u.count + largest] / u[largest] }
                }
                return Tensor(shape: [section.eps.count, points.count], elements: found)
            }
        }
        return section.eps.indices.map { eps in parts.map { $0[eps..<eps + 1].elements } }
    }
}

extension Tensor<Double> {
    /// Column c of a matrix, [m, 1].
    func column(_ c: Int) -> Tensor<Double> {
        Tensor(shape: [count, 1], elements: (0..<count).map { elements[$0 * stride + c] })
    }
}

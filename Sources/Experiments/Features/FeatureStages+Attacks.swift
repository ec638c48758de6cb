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
                    FeatureAttackResult(attack: name, eps: eps, measures: FeatureMeasures(carried, factors, labels)))
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
            let weights = try features.carriers(Array(indices[group]))
            let known = Tensor(
                shape: [range.count, group.count],
                elements: range.flatMap { i in group.map { carried.elements[i * carried.stride + $0] } })
            let moved = try attack.perturb(
                AttackBatch(points: points[range], labels: Array(labels[range]), firstIndex: range.lowerBound),
                carriers: try predictor(weights, on: device), factors: Array(factors[group]), predictions: known)
            return try moved.map { moved in
                try group.indices.map { place in
                    let own = try predictor(weights.column(place - group.lowerBound), on: device)
                    let start = place - group.lowerBound
                    return try own.predictions(
                        at: moved[start..<start + 1].reshaped([range.count] + points.shape.dropFirst())
                    )
                    .elements
                }
            }
        }
        return section.eps.indices.map { eps in
            indices.indices.map { place in
                let group = place / Self.groupSize
                return batches.indices.flatMap { parts[group * batches.count + $0][eps][place % Self.groupSize] }
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
            let carrier = try predictor(try features.carriers([indices[place]]), on: device)
            let evaluation = AttackEvaluation(
                attack: attack, eps: section.eps, box: section.clip, batchSize: min(carrier.batchSize, 512))
            let u = factors[place]
            // g follows from the output of the largest factor.
            let largest = u.indices.max { abs(u[$0]) < abs(u[$1]) } ?? 0
            return try evaluation.run(points: points, labels: labels, model: CarriedModel(carrier, factors: u)).map {
                let predictions = $0.examples.predictions
                return (0..<predictions.count).map { predictions.elements[$0 * u.count + largest] / u[largest] }
            }
        }
        return section.eps.indices.map { eps in parts.map { $0[eps] } }
    }
}

extension Tensor<Double> {
    /// Column c of a matrix, [m, 1].
    func column(_ c: Int) -> Tensor<Double> {
        Tensor(shape: [count, 1], elements: (0..<count).map { elements[$0 * stride + c] })
    }
}

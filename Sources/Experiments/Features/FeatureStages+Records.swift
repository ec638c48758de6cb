import Inference

extension FeatureStages {
    /// Records of the features, of the machines, and what they say together.
    func evaluate(
        _ clean: FeatureMeasures, _ attacks: [FeatureAttackResult], _ labels: [Int]
    ) async throws -> [ResultRecord] {
        let thresholds = FeatureThresholds(section, labels)
        let machines = try await machines(clean, attacks, thresholds, labels)
        // Without attacks there is one record of a kind all the same.
        let cases: [FeatureAttackResult?] = attacks.isEmpty ? [nil] : attacks
        let features = cases.flatMap { attack in
            indices.indices.map { record($0, clean, attack, thresholds, labels.count) }
        }
        return features + machines.map { record($0, labels.count) }
            + cases.map { summary(clean, $0, machines, thresholds, labels.count) }
    }

    private func record(
        _ place: Int, _ clean: FeatureMeasures, _ attack: FeatureAttackResult?, _ thresholds: FeatureThresholds,
        _ count: Int
    ) -> ResultRecord {
        let (hasAccuracy, hasCorrelation) = (section.criterion != .correlation, section.criterion != .accuracy)
        var fields: [PlainValue.Member] = [
            .init("kind", .text(RecordKind.feature.rawValue)), .init("architecture", .text(subject.label)),
            .init("feature", .integer(indices[place])),
            .init("eigenvalue", .number(features.spectrum.eigenvalues[indices[place]])),
            .init("count", .integer(count)),
        ]
        if hasAccuracy { fields.append(.init("clean_accuracy", .number(clean.accuracy[place]))) }
        if hasCorrelation { fields.append(.init("clean_correlation", .number(clean.correlation[place]))) }
        let isUseful = clean.values(section.criterion)[place] > thresholds.useful
        if let attack {
            fields += attackFields(attack.attack, attack.eps)
            if hasAccuracy { fields.append(.init("robust_accuracy", .number(attack.measures.accuracy[place]))) }
            if hasCorrelation {
                fields.append(.init("robust_correlation", .number(attack.measures.correlation[place])))
            }
        }
        fields.append(.init("is_useful", .boolean(isUseful)))
        if let attack {
            let isRobust = attack.measures.values(section.criterion)[place] > thresholds.robust
            fields.append(.init("is_robust", .boolean(isUseful && isRobust)))
        }
        return ResultRecord(fields: fields)
    }

    private func attackFields(_ attack: FeaturesSection.AttackName, _ eps: Double) -> [PlainValue.Member] {
        [.init("attack", .text(attack.rawValue)), .init("norm", .text("linf")), .init("eps", .number(eps))]
    }

    private func record(_ machine: MachineResult, _ count: Int) -> ResultRecord {
        var fields: [PlainValue.Member] = [
            .init("kind", .text(RecordKind.machine.rawValue)), .init("architecture", .text(subject.label)),
            .init("machine", .text(machine.name.rawValue)), .init("features", .integer(machine.size)),
            .init("count", .integer(count)), .init("clean_accuracy", .number(machine.cleanAccuracy)),
        ]
        if let attack = machine.attack, let eps = machine.eps, let robust = machine.robustAccuracy {
            fields += attackFields(attack, eps) + [.init("robust_accuracy", .number(robust))]
        }
        return ResultRecord(fields: fields)
    }

    /// One attack at one radius on all features and machines.
    private func summary(
        _ clean: FeatureMeasures, _ attack: FeatureAttackResult?, _ all: [MachineResult],
        _ thresholds: FeatureThresholds, _ count: Int
    ) -> ResultRecord {
        let first = 0..<firstCount
        let usefulness = clean.values(section.criterion)
        let useful = first.filter { usefulness[$0] > thresholds.useful }
        let eigenvalues = Array(features.spectrum.eigenvalues[first])
        let machines = all.filter { $0.attack == attack?.attack && $0.eps == attack?.eps }
        let whole = machines.first { $0.name == .full }
        var fields: [PlainValue.Member] = [
            .init("kind", .text(RecordKind.featuresSummary.rawValue)), .init("architecture", .text(subject.label)),
            .init("suffix", .text(subject.suffix)), .init("points", .integer(n)), .init("count", .integer(count)),
            .init("method", .text(features.spectrum.isComplete ? "full" : "top")),
        ]
        if let residual = features.spectrum.residual { fields.append(.init("residual", .number(residual))) }
        fields += [
            .init("majority", .number(thresholds.majority)), .init("useful_above", .number(thresholds.useful)),
            .init("robust_above", .number(thresholds.robust)), .init("features", .integer(first.count)),
            .init("useful", .integer(useful.count)),
        ]
        func rankCorrelation(_ values: [Double]) -> PlainValue {
            .optional(RankCorrelation.spearman(eigenvalues, Array(values[first])))
        }
        if let attack {
            let robustness = attack.measures.values(section.criterion)
            fields.append(
                .init("useful_non_robust", .integer(useful.count { robustness[$0] <= thresholds.robust })))
            fields += attackFields(attack.attack, attack.eps)
            fields.append(.init("rank_correlation_robust", rankCorrelation(robustness)))
        }
        fields.append(.init("rank_correlation_clean", rankCorrelation(usefulness)))
        if let whole { fields.append(.init("full_clean_accuracy", .number(whole.cleanAccuracy))) }
        if let robust = whole?.robustAccuracy { fields.append(.init("full_robust_accuracy", .number(robust))) }
        // A machine that is no better than the largest class may well be robust; it says nothing.
        let candidates = machines.filter { $0.name != .full && $0.cleanAccuracy > thresholds.majority }
        if let best = candidates.max(by: { ($0.robustAccuracy ?? 0) < ($1.robustAccuracy ?? 0) }),
            let robust = best.robustAccuracy
        {
            fields += [
                .init("best_machine", .text(best.name.rawValue)), .init("best_machine_features", .integer(best.size)),
                .init("best_machine_clean_accuracy", .number(best.cleanAccuracy)),
                .init("best_machine_robust_accuracy", .number(robust)),
            ]
        }
        return ResultRecord(fields: fields)
    }
}

extension ResultRecord {
    /// - Parameter cosines: one for each image.
    static func similarity(_ one: String, _ other: String, feature: Int, cosines: [Double]) -> ResultRecord {
        ResultRecord(
            fields: [
                .init("kind", .text(RecordKind.similarity.rawValue)), .init("architecture", .text(one)),
                .init("other", .text(other)), .init("feature", .integer(feature)),
                .init("images", .integer(cosines.count)),
            ] + means(cosines))
    }

    /// - Parameter cosines: of all pairs of nets, features and images.
    static func similaritySummary(_ cosines: [Double]) -> ResultRecord {
        ResultRecord(
            fields: [
                .init("kind", .text(RecordKind.featuresSummary.rawValue)), .init("architecture", .text("all")),
            ] + means(cosines))
    }

    private static func means(_ cosines: [Double]) -> [PlainValue.Member] {
        let count = Double(max(cosines.count, 1))
        return [
            .init("mean_cosine", .number(cosines.reduce(0, +) / count)),
            .init("mean_absolute_cosine", .number(cosines.reduce(0) { $0 + abs($1) } / count)),
        ]
    }
}

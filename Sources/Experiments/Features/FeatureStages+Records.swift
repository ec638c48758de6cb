import Inference

extension FeatureStages {
    /// Records of the features, of the machines, and what they say together.
    func evaluate(
        _ clean: FeatureScores, _ attacks: [FeatureAttackResult], _ labels: [Int]
    ) async throws -> [ResultRecord] {
        let thresholds = FeatureThresholds(section, labels)
        let halves = TestHalves(labels)
        let machines = try await machines(clean, attacks, thresholds, labels)
        // Without attacks there is one record of a kind all the same.
        let cases: [FeatureAttackResult?] = attacks.isEmpty ? [nil] : attacks
        let features = cases.flatMap { attack in
            indices.indices.map { record($0, clean, attack, thresholds, labels.count) }
        }
        return features + machines.map { record($0, halves) }
            + cases.map { summary(clean, $0, machines, thresholds, halves) }
    }

    private func record(
        _ place: Int, _ clean: FeatureScores, _ attack: FeatureAttackResult?, _ thresholds: FeatureThresholds,
        _ count: Int
    ) -> ResultRecord {
        let (hasAccuracy, hasCorrelation) = (section.criterion != .correlation, section.criterion != .accuracy)
        var fields: [PlainValue.Member] = [
            .init("kind", .text(RecordKind.feature.rawValue)), .init("architecture", .text(subject.label)),
            .init("feature", .integer(indices[place])),
            .init("eigenvalue", .number(features.spectrum.eigenvalues[indices[place]])),
            .init("count", .integer(count)),
        ]
        if hasAccuracy { fields.append(.init("clean_accuracy", .number(clean.all.accuracy[place]))) }
        if hasCorrelation { fields.append(.init("clean_correlation", .number(clean.all.correlation[place]))) }
        let isUseful = clean.all.values(section.criterion)[place] > thresholds.useful
        if let attack {
            fields += attackFields(attack.attack, attack.eps)
            if hasAccuracy { fields.append(.init("robust_accuracy", .number(attack.scores.all.accuracy[place]))) }
            if hasCorrelation {
                fields.append(.init("robust_correlation", .number(attack.scores.all.correlation[place])))
            }
        }
        fields.append(.init("is_useful", .boolean(isUseful)))
        if let attack {
            let isRobust = attack.scores.all.values(section.criterion)[place] > thresholds.robust
            fields.append(.init("is_robust", .boolean(isUseful && isRobust)))
        }
        return ResultRecord(fields: fields)
    }

    private func attackFields(_ attack: FeaturesSection.AttackName, _ eps: Double) -> [PlainValue.Member] {
        [.init("attack", .text(attack.rawValue)), .init("norm", .text("linf")), .init("eps", .number(eps))]
    }

    private func record(_ machine: MachineResult, _ halves: TestHalves) -> ResultRecord {
        var fields: [PlainValue.Member] = [
            .init("kind", .text(RecordKind.machine.rawValue)), .init("architecture", .text(subject.label)),
            .init("machine", .text(machine.name.rawValue)), .init("features", .integer(machine.size)),
            .init("count", .integer(halves.judging.count)), .init("clean_accuracy", .number(machine.judged.clean)),
        ]
        if let attack = machine.attack, let eps = machine.eps { fields += attackFields(attack, eps) }
        if let robust = machine.judged.robust { fields.append(.init("robust_accuracy", .number(robust))) }
        fields += [
            .init("choice_count", .integer(halves.choosing.count)),
            .init("choice_clean_accuracy", .number(machine.choosing.clean)),
        ]
        if let robust = machine.choosing.robust { fields.append(.init("choice_robust_accuracy", .number(robust))) }
        return ResultRecord(fields: fields)
    }

    /// One attack at one radius on all features and machines.
    private func summary(
        _ clean: FeatureScores, _ attack: FeatureAttackResult?, _ all: [MachineResult],
        _ thresholds: FeatureThresholds, _ halves: TestHalves
    ) -> ResultRecord {
        let first = 0..<firstCount
        let usefulness = clean.all.values(section.criterion)
        let useful = first.filter { usefulness[$0] > thresholds.useful }
        let eigenvalues = Array(features.spectrum.eigenvalues[first])
        let machines = all.filter { $0.attack == attack?.attack && $0.eps == attack?.eps }
        var fields: [PlainValue.Member] = [
            .init("kind", .text(RecordKind.featuresSummary.rawValue)), .init("architecture", .text(subject.label)),
            .init("suffix", .text(subject.suffix)), .init("points", .integer(n)),
            .init("count", .integer(points.count)),
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
            let robustness = attack.scores.all.values(section.criterion)
            fields.append(
                .init("useful_non_robust", .integer(useful.count { robustness[$0] <= thresholds.robust })))
            fields += attackFields(attack.attack, attack.eps)
            fields.append(.init("rank_correlation_robust", rankCorrelation(robustness)))
        }
        fields.append(.init("rank_correlation_clean", rankCorrelation(usefulness)))
        return ResultRecord(fields: fields + machineFields(machines, thresholds, halves))
    }

    /// The whole machine, and of the others the one that is the most robust at the points that choose.
    private func machineFields(
        _ machines: [MachineResult], _ thresholds: FeatureThresholds, _ halves: TestHalves
    ) -> [PlainValue.Member] {
        func fields(_ prefix: String, _ score: MachineScore) -> [PlainValue.Member] {
            [.init("\(prefix)_clean_accuracy", .number(score.clean))]
                + (score.robust.map { [.init("\(prefix)_robust_accuracy", .number($0))] } ?? [])
        }
        guard let whole = machines.first(where: { $0.name == .full }) else { return [] }
        let own = [PlainValue.Member("machine_count", .integer(halves.judging.count))] + fields("full", whole.judged)
        // A machine that is no better than the largest class may well be robust; it says nothing.
        let candidates = machines.filter { $0.name != .full && $0.choosing.clean > thresholds.majority }
        func rank(_ machine: MachineResult) -> (Double, Double) {
            (machine.choosing.robust ?? 0, machine.choosing.clean)
        }
        guard let best = candidates.max(by: { rank($0) < rank($1) }), best.judged.robust != nil else { return own }
        return own
            + [.init("best_machine", .text(best.name.rawValue)), .init("best_machine_features", .integer(best.size))]
            + fields("best_machine", best.judged)
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

import Attacks
import Compute
import Inference

extension ResultRecord {
    init(_ setting: some PredictorSetting, count: Int, cleanAccuracy: Double?) {
        self.init(
            fields: setting.fields + [
                .init("count", .integer(count)), .init("clean_accuracy", .optional(cleanAccuracy)),
            ])
    }

    init(_ section: AttackSection, label: String, _ setting: some PredictorSetting, _ result: AttackResult) {
        let score = result.score
        self.init(
            fields: [
                .init("attack", .text(label)), .init("norm", .text(section.norm.rawValue)),
                .init("eps", .number(result.eps)),
            ] + setting.fields + [
                .init("count", .integer(score.count)), .init("clean_accuracy", .optional(score.cleanAccuracy)),
                .init("robust_accuracy", .optional(score.robustAccuracy)),
                .init("success_rate", .number(score.successRate)),
                .init("mean_loss_clean", .number(score.meanCleanValue)), .init("mean_loss", .number(score.meanValue)),
                .init("max_distance", .number(score.maximumDistance)),
                .init("zero_gradients", .integer(score.zeroGradients)),
            ] + (section.name == .file ? [.init("outside", .integer(score.outside))] : []))
    }

    /// Distances of the nearest points that an attack found, over the points that had not reached its goal before.
    init(
        _ section: AttackSection, label: String, _ setting: some PredictorSetting,
        distances nearest: AdversarialExamples
    ) {
        let attacked = nearest.isCleanSuccessful.indices.filter { !nearest.isCleanSuccessful[$0] }
        let found = attacked.filter { nearest.isSuccessful[$0] }.map { nearest.distances[$0] }.sorted()
        let middle = found.count / 2
        let median = found.isEmpty ? nil : (found[(found.count - 1) / 2] + found[middle]) / 2
        self.init(
            fields: [
                .init("kind", .text(RecordKind.distance.rawValue)), .init("attack", .text(label)),
                .init("norm", .text(section.norm.rawValue)),
            ] + setting.fields + [
                .init("count", .integer(attacked.count)), .init("found", .integer(found.count)),
                .init("mean_distance", .optional(found.isEmpty ? nil : found.reduce(0, +) / Double(found.count))),
                .init("median_distance", .optional(median)), .init("min_distance", .optional(found.first)),
                .init("max_distance", .optional(found.last)),
            ])
    }

    /// How α of a setting was found.
    init(solve solution: KernelRegression.Solution, _ setting: TrainingSetting, residual: Double) {
        var fields: [PlainValue.Member] = [.init("kind", .text(RecordKind.solve.rawValue))]
        fields += setting.fields + [.init("solver", .text(solution.solver.rawValue))]
        if let iterations = solution.iterations { fields.append(.init("iterations", .integer(iterations))) }
        self.init(fields: fields + [.init("residual", .number(residual))])
    }

    /// A reason to doubt results.
    init(warning sentence: String, _ setting: some PredictorSetting) {
        self.init(
            fields: [.init("kind", .text(RecordKind.warning.rawValue))] + setting.fields + [
                .init("text", .text(sentence))
            ])
    }
}

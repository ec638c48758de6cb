import Attacks

/// Accuracy and correlation of features at some points.
struct FeatureMeasures: Sendable {
    /// Of each feature.
    let accuracy: [Double]
    let correlation: [Double]

    /// - Parameters:
    ///   - carried: g of each feature, [r][m].
    ///   - factors: u of each feature, [r][k].
    ///   - labels: as `Labels` counts them, [m].
    init(_ carried: [[Double]], _ factors: [[Double]], _ labels: [Int]) {
        var (accuracy, correlation): ([Double], [Double]) = ([], [])
        for (g, u) in zip(carried, factors) {
            let outputs = g.flatMap { g in u.map { $0 * g } }
            accuracy.append(Labels.accuracy(outputs, outputs: u.count, labels: labels))
            correlation.append(Labels.correlation(outputs, outputs: u.count, labels: labels))
        }
        self.accuracy = accuracy
        self.correlation = correlation
    }

    /// What usefulness and robustness are measured by.
    func values(_ criterion: FeaturesSection.Criterion) -> [Double] {
        criterion == .correlation ? correlation : accuracy
    }
}

/// Above which measures a feature is useful and robust.
struct FeatureThresholds: Sendable {
    let majority: Double
    let useful: Double
    let robust: Double

    init(_ section: FeaturesSection, _ labels: [Int]) {
        majority = Labels.majority(labels)
        let standard = section.criterion == .correlation ? 0 : majority
        useful = section.useful ?? standard
        robust = section.robust ?? standard
    }
}

/// One attack at one radius on all features, each on its own.
struct FeatureAttackResult: Sendable {
    let attack: FeaturesSection.AttackName
    let eps: Double
    let measures: FeatureMeasures
}

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

    /// At some of the points.
    /// - Parameter rows: positions in `labels`.
    init(_ carried: [[Double]], _ factors: [[Double]], _ labels: [Int], at rows: [Int]) {
        self.init(carried.map { g in rows.map { g[$0] } }, factors, rows.map { labels[$0] })
    }

    /// What usefulness and robustness are measured by.
    func values(_ criterion: FeaturesSection.Criterion) -> [Double] {
        criterion == .correlation ? correlation : accuracy
    }
}

/// Measures of features at all test points, and at the half that chooses.
struct FeatureScores: Sendable {
    let all: FeatureMeasures
    let choosing: FeatureMeasures

    /// - Parameters: as those of `FeatureMeasures`.
    init(_ carried: [[Double]], _ factors: [[Double]], _ labels: [Int]) {
        all = FeatureMeasures(carried, factors, labels)
        choosing = FeatureMeasures(carried, factors, labels, at: TestHalves(labels).choosing)
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
    let scores: FeatureScores
}

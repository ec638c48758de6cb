/// What an attack found at one radius.
package struct AttackResult: Sendable, Equatable {
    package let eps: Double
    package let examples: AdversarialExamples
    package let score: AttackScore

    package init(eps: Double, examples: AdversarialExamples, labels: [Int]?) {
        self.eps = eps
        self.examples = examples
        score = AttackScore(examples, labels: labels)
    }
}

/// The numbers of one attack at one radius.
package struct AttackScore: Sendable, Equatable {
    /// Points.
    package let count: Int
    /// Share of clean points whose predicted class is the label; nil without labels.
    package let cleanAccuracy: Double?
    /// Share of adversarial points whose predicted class is the label, whatever the clean one was; nil without labels.
    /// Source: Tsilivis & Kempe 2022, accuracy under attack.
    package let robustAccuracy: Double?
    /// Share of adversarial points that reached the attack's goal.
    package let successRate: Double
    /// Mean of the attack's objective (the loss; minus the loss where targeted) at clean and adversarial points.
    package let meanCleanValue: Double
    package let meanValue: Double
    /// The largest |x̃ − x|, subtracted in the model's precision.
    package let maximumDistance: Double
    /// Points that had not reached the goal and whose first gradient was zero everywhere.
    package let zeroGradients: Int
    /// Points from elsewhere that lie outside the ball or the box; the clean ones stand for them.
    package let outside: Int

    init(_ examples: AdversarialExamples, labels: [Int]?) {
        let k = examples.predictions.stride
        count = examples.points.count
        let total = Double(max(count, 1))
        cleanAccuracy = labels.map { Labels.accuracy(examples.cleanPredictions.elements, outputs: k, labels: $0) }
        robustAccuracy = labels.map { Labels.accuracy(examples.predictions.elements, outputs: k, labels: $0) }
        successRate = Double(examples.isSuccessful.count { $0 }) / total
        meanCleanValue = examples.cleanValues.reduce(0, +) / total
        meanValue = examples.values.reduce(0, +) / total
        maximumDistance = examples.distances.max() ?? 0
        zeroGradients = examples.zeroGradients
        outside = examples.outside
    }
}

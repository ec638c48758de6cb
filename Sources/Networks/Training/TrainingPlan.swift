import Compute

/// How a net is trained.
package struct TrainingPlan: Sendable, Equatable {
    package var epochs: Int
    package var batchSize: Int
    /// η of the first epoch.
    package var learningRate: Double
    package var schedule: LearningRateSchedule
    package var momentum: Double
    package var weightDecay: Double
    package var loss: TrainingLoss
    /// Points are shuffled anew in every epoch, by this seed and the epoch alone; nil keeps them in their order.
    package var shuffleSeed: UInt64?

    package init(
        epochs: Int, batchSize: Int, learningRate: Double, schedule: LearningRateSchedule = .constant,
        momentum: Double = 0, weightDecay: Double = 0, loss: TrainingLoss = .crossEntropy, shuffleSeed: UInt64? = nil
    ) {
        precondition(epochs >= 0 && batchSize > 0, "\(epochs) epochs of batches of \(batchSize)")
        self.epochs = epochs
        self.batchSize = batchSize
        self.learningRate = learningRate
        self.schedule = schedule
        self.momentum = momentum
        self.weightDecay = weightDecay
        self.loss = loss
        self.shuffleSeed = shuffleSeed
    }

    /// Batches of `count` points; the last one of an epoch may be smaller.
    package func stepsPerEpoch(_ count: Int) -> Int { (count + batchSize - 1) / batchSize }

    /// The time of gradient descent after the first `epochs` epochs: Σ η over their steps. With momentum μ step j (from
    /// 1) counts η (1 − μ^j) / (1 − μ), what it moves where the gradient stays the same.
    package func time(epochs done: Int, of count: Int) -> Double {
        var (time, weight) = (0.0, 0.0)
        for epoch in 0..<done {
            let rate = schedule.rate(learningRate, epoch: epoch, of: epochs)
            for _ in 0..<stepsPerEpoch(count) {
                weight = momentum * weight + 1
                time += rate * weight
            }
        }
        return time
    }

    /// The points' order in an epoch.
    func order(_ count: Int, epoch: Int) -> [Int] {
        let indices = Array(0..<count)
        guard let shuffleSeed else { return indices }
        var generator = SplitMix64(shuffleSeed, UInt64(epoch))
        return indices.shuffled(using: &generator)
    }
}

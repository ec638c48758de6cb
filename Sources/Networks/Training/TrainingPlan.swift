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
}

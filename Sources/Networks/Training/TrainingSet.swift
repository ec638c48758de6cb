import Compute

/// Points with what a net shall say of them.
package struct TrainingSet: Sendable {
    /// [n, …].
    package let points: Tensor<Double>
    /// [n, k]: one-hot, or ±1 for one output.
    package let targets: Tensor<Double>
    /// Classes, [n]: 0 ..< k, or ±1 for one output.
    package let labels: [Int]

    package init(points: Tensor<Double>, targets: Tensor<Double>, labels: [Int]) {
        precondition(
            points.count == targets.count && points.count == labels.count,
            "\(points.count) points, \(targets.count) targets, \(labels.count) labels")
        self.points = points
        self.targets = targets
        self.labels = labels
    }

    /// What a net shall say of some classes, [n, k]: one-hot, or ±1 for one output.
    /// - Parameter labels: 0 ..< k, or ±1 for one output.
    package static func targets(_ labels: [Int], outputs: Int) -> Tensor<Double> {
        let elements =
            outputs == 1
            ? labels.map { Double($0) } : labels.flatMap { label in (0..<outputs).map { $0 == label ? 1.0 : 0 } }
        return Tensor(shape: [labels.count, outputs], elements: elements)
    }

    /// The batch of a step.
    /// - Parameter step: steps that are done, of all epochs.
    /// - Returns: the points, their indices, and the position of the first one counted over all epochs.
    package func batch(
        at step: Int, _ plan: TrainingPlan
    ) -> (batch: TrainingSet, indices: ArraySlice<Int>, position: Int) {
        let length = plan.stepsPerEpoch(points.count)
        let (epoch, first) = (step / length, step % length * plan.batchSize)
        let indices = plan.order(points.count, epoch: epoch)[first..<min(first + plan.batchSize, points.count)]
        return (batch(indices), indices, epoch * points.count + first)
    }

    /// Some of the points, in the order of `indices`.
    func batch(_ indices: ArraySlice<Int>) -> TrainingSet {
        TrainingSet(points: points.rows(indices), targets: targets.rows(indices), labels: indices.map { labels[$0] })
    }
}

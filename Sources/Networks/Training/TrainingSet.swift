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
        func gather(_ tensor: Tensor<Double>) -> Tensor<Double> {
            let size = tensor.stride
            var elements: [Double] = []
            elements.reserveCapacity(indices.count * size)
            for index in indices { elements += tensor.elements[index * size..<(index + 1) * size] }
            return Tensor(shape: [indices.count] + tensor.shape.dropFirst(), elements: elements)
        }
        return TrainingSet(points: gather(points), targets: gather(targets), labels: indices.map { labels[$0] })
    }
}

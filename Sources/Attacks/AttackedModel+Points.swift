import Compute

extension AttackedModel {
    /// f at some points that the device has room for.
    /// - Parameter points: [m, …].
    /// - Returns: [m, k].
    package func predict(at points: Tensor<Double>) throws(ComputeError) -> Tensor<Double> {
        try predict(try backend.upload(points.elements, as: precision), count: points.count)
    }

    /// ∇ₓ L(f(x_i), y_i) at some points that the device has room for, divided by a positive number of the point where
    /// the loss is nearly flat.
    /// - Parameters:
    ///   - points: [m, …].
    ///   - labels: as ``Labels`` counts them, [m].
    /// - Returns: shape of the points.
    package func lossGradients(
        at points: Tensor<Double>, labels: [Int], _ loss: AttackLoss
    ) throws(ComputeError) -> Tensor<Double> {
        precondition(labels.count == points.count, "\(labels.count) labels for \(points.count) points")
        let linearized = try linearize(try backend.upload(points.elements, as: precision), count: points.count)
        let objective = AttackObjective(loss: loss)
        let directions = labels.indices.flatMap {
            objective.direction(linearized.predictions.row($0), label: labels[$0])
        }
        let gradient = try linearized.inputGradient(
            cotangents: Tensor(shape: linearized.predictions.shape, elements: directions))
        return Tensor(shape: points.shape, elements: try backend.download(gradient))
    }

    /// f at any number of points, a batch at a time, [m, k].
    package func predictions(at points: Tensor<Double>) throws(ComputeError) -> Tensor<Double> {
        var elements: [Double] = []
        for range in batches(points.count) { elements += try predict(at: points[range]).elements }
        return Tensor(shape: [points.count, outputs], elements: elements)
    }

    /// ∇ₓ L(f(x_i), y_i) at any number of points, a batch at a time, each up to a positive factor; shape of the points.
    package func allLossGradients(
        at points: Tensor<Double>, labels: [Int], _ loss: AttackLoss
    ) throws(ComputeError) -> Tensor<Double> {
        var elements: [Double] = []
        for range in batches(points.count) {
            elements += try lossGradients(at: points[range], labels: Array(labels[range]), loss).elements
        }
        return Tensor(shape: points.shape, elements: elements)
    }

    /// `count` points in parts that the device has room for.
    func batches(_ count: Int) -> [Range<Int>] {
        stride(from: 0, to: count, by: batchSize).map { $0..<min($0 + batchSize, count) }
    }
}

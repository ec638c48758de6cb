import Compute

/// `f(x) = K(x, X) α` on one device: predictions and input gradients at any points.
///
/// The training side is prepared once. Points are handled in blocks whose linearization fits `memoryLimit`.
package final class KernelPredictor: Sendable {
    package let backend: any Backend
    package let precision: Precision
    /// k, numbers per prediction.
    package let outputs: Int
    let kind: CovarianceKind
    let program: CovarianceProgram
    let training: CovarianceInputs
    /// α, [n, k], in the precision in which the device adds up.
    let weights: Buffer
    private let memoryLimit: Int

    /// - Parameters:
    ///   - training: X, prepared on `backend`.
    ///   - weights: α, [n, k].
    ///   - memoryLimit: bytes that a block of points may take on the device.
    package init(
        _ kind: CovarianceKind, training: CovarianceInputs, weights: Tensor<Double>, backend: any Backend,
        memoryLimit: Int = 1 << 30
    ) throws(ComputeError) {
        precondition(weights.count == training.count, "\(weights.count) weights for \(training.count) points")
        self.kind = kind
        self.backend = backend
        self.training = training
        self.memoryLimit = memoryLimit
        program = training.program
        precision = training.precision
        outputs = weights.stride
        self.weights = try backend.upload(weights.elements, as: backend.accumulatePrecision)
    }

    /// Points whose linearization fits the memory limit.
    package var batchSize: Int {
        max(1, memoryLimit / (backend.bytesPerPair(program, precision) * training.count))
    }

    /// f at `count` points, together with what its gradients need.
    /// - Parameter points: [count, d].
    package func linearized(_ points: Buffer, count: Int) throws(ComputeError) -> LinearizedPredictions {
        let rows = try backend.prepare(program, inputs: points, count: count)
        let linearization = try backend.linearize(kind, rows: rows, columns: training)
        let predictions = try backend.predict(linearization, weights: weights, outputs: outputs)
        return LinearizedPredictions(
            predictions: Tensor(shape: [count, outputs], elements: try backend.download(predictions)),
            linearization: linearization, predictor: self)
    }

    /// Σ_c cotangents[i, c] ∇f_c(x_i) where nobody asks for f: one pass over the pairs, nothing of which is kept.
    /// - Parameters:
    ///   - points: [count, d].
    ///   - cotangents: [count, k].
    /// - Returns: [count, d], on the device.
    package func inputGradient(
        _ points: Buffer, count: Int, cotangents: Tensor<Double>
    ) throws(ComputeError) -> Buffer {
        try backend.gradient(
            kind, rows: try backend.prepare(program, inputs: points, count: count), columns: training,
            cotangents: try backend.upload(cotangents.elements, as: backend.accumulatePrecision), count: 1,
            weights: weights, outputs: outputs)
    }

    /// f alone at `count` points.
    /// - Parameter points: [count, d].
    /// - Returns: [count, k].
    package func predict(_ points: Buffer, count: Int) throws(ComputeError) -> Tensor<Double> {
        let rows = try backend.prepare(program, inputs: points, count: count)
        let predictions = try backend.predict(
            kind, rows: rows, columns: training, weights: weights, outputs: outputs)
        return Tensor(shape: [count, outputs], elements: try backend.download(predictions))
    }

    /// f at any number of points.
    /// - Parameter points: [m, …].
    /// - Returns: [m, k].
    package func predictions(at points: Tensor<Double>) throws(ComputeError) -> Tensor<Double> {
        var elements: [Double] = []
        for range in blocks(points.count) {
            let buffer = try backend.upload(points[range].elements, as: precision)
            elements += try predict(buffer, count: range.count).elements
        }
        return Tensor(shape: [points.count, outputs], elements: elements)
    }

    /// ∇f_c at any number of points, for every output c.
    /// - Parameter points: [m, …].
    /// - Returns: [m, k, …].
    package func gradients(at points: Tensor<Double>) throws(ComputeError) -> Tensor<Double> {
        var elements: [Double] = []
        for range in blocks(points.count) {
            let rows = try backend.prepare(program, inputs: points[range], precision)
            var identity = [Double](repeating: 0, count: range.count * outputs * outputs)
            for place in 0..<range.count * outputs { identity[place * outputs + place % outputs] = 1 }
            let cotangents = try backend.upload(identity, as: backend.accumulatePrecision)
            let gradient = try backend.gradient(
                kind, rows: rows, columns: training, cotangents: cotangents, count: outputs, weights: weights,
                outputs: outputs)
            elements += try backend.download(gradient)
        }
        return Tensor(shape: [points.count, outputs] + points.shape.dropFirst(), elements: elements)
    }

    private func blocks(_ count: Int) -> [Range<Int>] {
        stride(from: 0, to: count, by: batchSize).map { $0..<min($0 + batchSize, count) }
    }
}

/// Predictions at given points, from which gradients can be pulled back.
package struct LinearizedPredictions {
    /// f(x_i), [m, k].
    package let predictions: Tensor<Double>
    let linearization: Linearization
    let predictor: KernelPredictor

    /// Σ_c cotangents[i, c] ∇f_c(x_i).
    /// - Parameter cotangents: [m, k].
    /// - Returns: [m, d], on the device.
    package func inputGradient(cotangents: Tensor<Double>) throws(ComputeError) -> Buffer {
        let backend = predictor.backend
        return try backend.pullback(
            linearization, cotangents: try backend.upload(cotangents.elements, as: backend.accumulatePrecision),
            count: 1, weights: predictor.weights, outputs: predictor.outputs)
    }
}

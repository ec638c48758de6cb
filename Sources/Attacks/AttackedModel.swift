import Compute

/// What an attack sees of a model: predictions and their gradients in the input, on one device.
///
/// Calls are made from one thread at a time per model.
package protocol AttackedModel: AnyObject, Sendable {
    var backend: any Backend { get }
    /// Precision of points and gradients.
    var precision: Precision { get }
    /// k: 1 for a binary task, else the number of classes.
    var outputs: Int { get }
    /// Points that are taken at a time.
    var batchSize: Int { get }

    /// Predictions at `count` points, together with what their gradients need.
    /// - Parameter points: [count, d], row-major, in `precision`; not kept after the result is gone.
    func linearize(_ points: Buffer, count: Int) throws(ComputeError) -> any LinearizedModel

    /// Predictions alone.
    /// - Returns: [count, k].
    func predict(_ points: Buffer, count: Int) throws(ComputeError) -> Tensor<Double>

    /// Gradients alone, Σ_c cotangents[i, c] ∇f_c.
    /// - Parameter cotangents: [count, k].
    /// - Returns: [count, d] in `precision`.
    func inputGradient(_ points: Buffer, count: Int, cotangents: Tensor<Double>) throws(ComputeError) -> Buffer
}

extension AttackedModel {
    package var batchSize: Int { 256 }

    package func predict(_ points: Buffer, count: Int) throws(ComputeError) -> Tensor<Double> {
        try linearize(points, count: count).predictions
    }

    package func inputGradient(
        _ points: Buffer, count: Int, cotangents: Tensor<Double>
    ) throws(ComputeError) -> Buffer {
        try linearize(points, count: count).inputGradient(cotangents: cotangents)
    }
}

/// A model at given points.
package protocol LinearizedModel {
    /// f(x_i), [m, k].
    var predictions: Tensor<Double> { get }

    /// Σ_c cotangents[i, c] ∇f_c(x_i) for every point i.
    /// - Parameter cotangents: [m, k].
    /// - Returns: [m, d] in the model's precision.
    func inputGradient(cotangents: Tensor<Double>) throws(ComputeError) -> Buffer
}

import Compute

/// What training has added to a model: f(x) − f₀(x), which is 0 before training, as the mean of wide nets is.
///
/// Source: Tsilivis & Kempe 2022, section 3.2.
package final class CentredModel: AttackedModel {
    /// f.
    let model: any AttackedModel
    /// f₀, on the same device and in the same precision.
    let initial: any AttackedModel

    package init(_ model: any AttackedModel, initial: any AttackedModel) {
        precondition(
            model.outputs == initial.outputs && model.precision == initial.precision,
            "\(model.outputs) outputs and \(initial.outputs) before training")
        self.model = model
        self.initial = initial
    }

    package var backend: any Backend { model.backend }
    package var precision: Precision { model.precision }
    package var outputs: Int { model.outputs }
    package var batchSize: Int { min(model.batchSize, initial.batchSize) }

    package func linearize(_ points: Buffer, count: Int) throws(ComputeError) -> any LinearizedModel {
        Linearized(
            model: try model.linearize(points, count: count), initial: try initial.linearize(points, count: count),
            backend: backend)
    }

    package func predict(_ points: Buffer, count: Int) throws(ComputeError) -> Tensor<Double> {
        try model.predict(points, count: count) - initial.predict(points, count: count)
    }

    private struct Linearized: LinearizedModel {
        let model: any LinearizedModel
        let initial: any LinearizedModel
        let backend: any Backend

        var predictions: Tensor<Double> { model.predictions - initial.predictions }

        func inputGradient(cotangents: Tensor<Double>) throws(ComputeError) -> Buffer {
            let gradient = try model.inputGradient(cotangents: cotangents)
            let other = try initial.inputGradient(cotangents: cotangents)
            try backend.run(.axpby(alpha: -1, other, into: gradient, count: gradient.count))
            return gradient
        }
    }
}

extension Tensor<Double> {
    fileprivate static func - (a: Self, b: Self) -> Self {
        Tensor(shape: a.shape, elements: zip(a.elements, b.elements).map { $0 - $1 })
    }
}

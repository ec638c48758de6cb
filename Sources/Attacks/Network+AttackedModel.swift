import Compute
import Networks

extension Network: AttackedModel {
    package var outputs: Int { plan.outputs }

    package func linearize(_ points: Buffer, count: Int) throws(ComputeError) -> any LinearizedModel {
        let evaluation = try evaluate(points, count: count)
        return LinearizedNetwork(predictions: try evaluation.predictions(), evaluation: evaluation)
    }
}

/// A finite net at given points.
private struct LinearizedNetwork: LinearizedModel {
    let predictions: Tensor<Double>
    let evaluation: NetworkEvaluation

    func inputGradient(cotangents: Tensor<Double>) throws(ComputeError) -> Buffer {
        let network = evaluation.network
        return try evaluation.inputGradient(
            cotangents: network.backend.upload(cotangents.elements, as: network.precision))
    }
}

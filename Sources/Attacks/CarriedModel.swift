import Compute

/// k outputs that are multiples of one function: f_c(x) = u_c g(x), as the outputs of an eigen-feature are.
///
/// One gradient of g serves them all.
package final class CarriedModel: AttackedModel {
    /// g; one output.
    let carrier: any AttackedModel
    /// u, [k].
    let factors: [Double]

    package init(_ carrier: any AttackedModel, factors: [Double]) {
        precondition(carrier.outputs == 1 && !factors.isEmpty, "a carrier has one output, not \(carrier.outputs)")
        self.carrier = carrier
        self.factors = factors
    }

    package var backend: any Backend { carrier.backend }
    package var precision: Precision { carrier.precision }
    package var outputs: Int { factors.count }
    package var batchSize: Int { carrier.batchSize }

    package func linearize(_ points: Buffer, count: Int) throws(ComputeError) -> any LinearizedModel {
        Linearized(carrier: try carrier.linearize(points, count: count), factors: factors)
    }

    private struct Linearized: LinearizedModel {
        let carrier: any LinearizedModel
        let factors: [Double]

        var predictions: Tensor<Double> { carrier.predictions.carried(by: factors) }

        func inputGradient(cotangents: Tensor<Double>) throws(ComputeError) -> Buffer {
            let k = factors.count
            let sums = (0..<cotangents.count).map { i in
                factors.indices.reduce(0.0) { $0 + cotangents.elements[i * k + $1] * factors[$1] }
            }
            return try carrier.inputGradient(cotangents: Tensor(shape: [sums.count, 1], elements: sums))
        }
    }
}

extension Tensor<Double> {
    /// u_c g(x_i) of the carrier's values at m points.
    /// - Parameter factors: u, [k].
    /// - Returns: [m, k].
    package func carried(by factors: [Double]) -> Tensor<Double> {
        Tensor(shape: [elements.count, factors.count], elements: elements.flatMap { g in factors.map { $0 * g } })
    }
}

import Compute

extension NetworkPlan {
    /// Floating-point operations of the products of one point's forward pass; everything else is small beside them.
    package var forwardFlops: Double { modules.affines.reduce(0) { $0 + $1.productFlops } }

    /// Of a step of training: forward, the gradient in the parameters, and cotangents of every layer's input but the
    /// first's, which nothing asks for.
    package var trainingFlops: Double { 3 * forwardFlops - (modules.affines.first?.productFlops ?? 0) }

    /// Of a point's input gradient, its forward pass with it.
    package var inputGradientFlops: Double { 2 * forwardFlops }
}

extension Affine {
    /// Floating-point operations of the product of one point's windows with the filter.
    var productFlops: Double { 2 * Double(output.pixels * output.channels * patch) }
}

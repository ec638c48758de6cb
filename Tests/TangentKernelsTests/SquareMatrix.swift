import Compute

/// Parts of a square matrix.
extension Tensor<Double> {
    var diagonal: [Double] { (0..<count).map { elements[$0 * count + $0] } }

    /// The matrix with zeros on its diagonal.
    var offDiagonal: [Double] { elements.indices.map { $0 % (count + 1) == 0 ? 0 : elements[$0] } }

    /// M_ij / √(S_ii S_jj), and 0 where the scale is.
    func relative(to scale: Tensor<Double>) -> [Double] {
        let roots = scale.diagonal.map { $0.squareRoot() }
        return elements.indices.map { index in
            let product = roots[index / count] * roots[index % count]
            return product > 0 ? elements[index] / product : elements[index]
        }
    }
}

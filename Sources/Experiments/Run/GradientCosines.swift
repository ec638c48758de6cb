import Compute

/// How alike gradients are.
enum GradientCosines {
    /// The cosine of each gradient of one model with that of another one at the same image; images where one is zero have
    /// none.
    /// - Parameters:
    ///   - a: gradients side by side, of `count` images.
    static func of(_ a: Tensor<Double>, _ b: Tensor<Double>, count: Int) -> [Double] {
        let size = a.elements.count / max(count, 1)
        return (0..<count).compactMap { image in
            var (ab, aa, bb) = (0.0, 0.0, 0.0)
            for j in image * size..<(image + 1) * size {
                ab += a.elements[j] * b.elements[j]
                aa += a.elements[j] * a.elements[j]
                bb += b.elements[j] * b.elements[j]
            }
            // Roots apart: a product of two small sums may vanish.
            return aa > 0 && bb > 0 ? ab / aa.squareRoot() / bb.squareRoot() : nil
        }
    }
}

import Compute

/// What a layer's share of the empirical NTK is computed from, at a block of points.
///
/// The derivative of output a in the weights is Σ_p δ_a[p] ⊗ patch[p] over the pixels p of the layer's output.
enum LayerDerivatives: Sendable {
    /// Derivatives written out, [points, outputs, layer.parameters]: products of them are shares of the kernel.
    case jacobian(PooledBuffer)
    /// Patches, [points · pixels, patch], and for each output of the net the cotangents, [points · pixels, channels]:
    /// products of patches times products of cotangents are shares of the kernel.
    case factors(patches: PooledBuffer, cotangents: [PooledBuffer])
}

/// How a layer's share is computed.
enum Contraction: Sendable {
    case jacobian
    case patches
}

extension Affine {
    /// Weights and biases of one layer.
    var parameterCount: Int { weights.count + (bias?.count ?? 0) }

    /// The cheaper way, by multiply-adds per pair of points, `points` of them sharing the making of derivatives.
    ///
    /// With P pixels, K numbers per patch, C channels and k outputs: written-out derivatives cost k² K C for the full
    /// kernel and k K C for its trace, and 2 k P K C / points to make; patches cost P² K, and P² C per pair of outputs.
    func cheaperContraction(_ form: EmpiricalNTK.Form, outputs: Int, points: Int) -> Contraction {
        let pairs = Double(form == .full ? outputs * outputs : outputs)
        let (p, c) = (Double(output.pixels), Double(output.channels))
        let size = Double(parameterCount)
        let jacobian = size * (pairs + 2 * Double(outputs) * p / Double(max(points, 1)))
        let patches = p * p * (Double(patch) + pairs * (c + 1))
        return jacobian < patches ? .jacobian : .patches
    }

    /// Numbers that the derivatives at a point take.
    func derivativeCount(_ contraction: Contraction, outputs: Int) -> Int {
        switch contraction {
        case .jacobian: outputs * parameterCount
        case .patches: output.pixels * (patch + outputs * output.channels)
        }
    }

    /// Writes the derivatives of output `index` into a Jacobian: per point the weights [channels, patch], then the bias.
    func writeJacobian(
        _ jacobian: Buffer, of index: Int, outputs: Int, input: Buffer, cotangent: Buffer, points: Int,
        _ memory: NetworkMemory
    ) throws(ComputeError) {
        let pixels = output.pixels
        let stride = outputs * parameterCount
        for images in chunks(points, memory) {
            let columns = try columns(input, images, points: points, memory)
            let first = images.lowerBound * stride + index * parameterCount
            let delta = MatrixProduct.Place(
                offset: images.lowerBound * output.count, stride: output.count)
            try memory.backend.multiply(
                MatrixProduct(
                    a: cotangent, b: columns.buffer, c: jacobian, m: output.channels, n: patch, k: pixels,
                    transposeA: true, alpha: weightScale, placeA: delta,
                    placeB: .init(
                        offset: isPointwise ? images.lowerBound * self.input.count : 0, stride: pixels * patch),
                    placeC: .init(offset: first, stride: stride), count: images.count))
            guard bias != nil else { continue }
            try memory.backend.multiply(
                MatrixProduct(
                    a: memory.ones(pixels), b: cotangent, c: jacobian, m: 1, n: output.channels, k: pixels,
                    alpha: biasScale, placeB: delta, placeC: .init(offset: first + weights.count, stride: stride),
                    count: images.count))
        }
    }

    /// The patches of all points.
    func allPatches(_ input: PooledBuffer, points: Int, _ memory: NetworkMemory) throws(ComputeError) -> PooledBuffer {
        isPointwise ? input : try columns(input.buffer, 0..<points, points: points, memory)
    }
}

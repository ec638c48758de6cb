import Compute

/// What a layer's share of the empirical NTK is computed from, at a block of points.
///
/// The derivative of output a in the weights is Σ_p δ_a[p] ⊗ patch[p] over the pixels p of the layer's output.
enum LayerDerivatives: Sendable {
    /// Derivatives written out, [points, outputs, layer.parameters]: products of them are shares of the kernel.
    case jacobian(PooledBuffer)
    /// Patches, [points · pixels, patch], and cotangents, [outputs, points · pixels, channels]: products of patches times
    /// products of cotangents are shares of the kernel.
    case factors(patches: PooledBuffer, cotangents: PooledBuffer)
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

    /// Writes the derivatives of some points into a Jacobian, [outputs, parameters] per point, weights as
    /// [channels, patch] before the bias.
    /// - Parameters:
    ///   - jacobian: from point `first` on.
    ///   - input: [points, …].
    ///   - cotangent: of the affine output, [outputs, points, …].
    func writeJacobian(
        _ jacobian: Buffer, from first: Int, outputs: Int, input: Buffer, cotangent: Buffer, points: Int,
        _ memory: NetworkMemory
    ) throws(ComputeError) {
        let (pixels, stride) = (output.pixels, outputs * parameterCount)
        try forEachChunk(0..<points, memory) { (images, backend) throws(ComputeError) in
            let columns = try columns(input, images, memory, backend)
            for index in 0..<outputs {
                let target = (first + images.lowerBound) * stride + index * parameterCount
                let delta = MatrixProduct.Place(
                    offset: (index * points + images.lowerBound) * output.count, stride: output.count)
                try backend.multiply(
                    MatrixProduct(
                        a: cotangent, b: columns.buffer, c: jacobian, m: output.channels, n: patch, k: pixels,
                        transposeA: true, alpha: weightScale, placeA: delta,
                        placeB: .init(
                            offset: isPointwise ? images.lowerBound * self.input.count : 0, stride: pixels * patch),
                        placeC: .init(offset: target, stride: stride), count: images.count))
                guard bias != nil else { continue }
                try backend.multiply(
                    MatrixProduct(
                        a: memory.ones(pixels), b: cotangent, c: jacobian, m: 1, n: output.channels, k: pixels,
                        alpha: biasScale, placeB: delta,
                        placeC: .init(offset: target + weights.count, stride: stride), count: images.count))
            }
        }
    }

    /// Writes the patches of some points behind those of the `first` ones before them.
    func writePatches(
        _ patches: Buffer, from first: Int, input: Buffer, points: Int, _ memory: NetworkMemory
    ) throws(ComputeError) {
        let size = output.pixels * patch
        try forEachChunk(0..<points, memory) { (images, backend) throws(ComputeError) in
            let columns = try columns(input, images, memory, backend)
            try backend.run(
                .axpby(
                    columns.buffer, beta: 0, into: patches, at: (first + images.lowerBound) * size,
                    count: images.count * size))
        }
    }
}

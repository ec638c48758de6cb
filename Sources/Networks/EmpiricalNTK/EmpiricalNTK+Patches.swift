import Compute

extension EmpiricalNTK {
    /// `LayerDerivatives.factors` of a block of points.
    typealias Factors = (patches: PooledBuffer, cotangents: PooledBuffer, points: Int)

    /// Numbers that the products of patches and of cotangents may take at a time.
    private static let productLimit = 1 << 23

    /// A layer's share for a pair of blocks from products of patches times products of cotangents, for as many rows at a
    /// time as `productLimit` allows. The trace adds up the products of equal outputs first.
    func contractPatches(
        of layer: Affine, _ rows: Factors, _ columns: Factors, into share: Buffer
    ) throws(ComputeError) {
        let width = layer.output.pixels * columns.points * outputs
        let size = max(1, Self.productLimit / (layer.output.pixels * max(width, 1)))
        for first in stride(from: 0, to: rows.points, by: size) {
            try contractPatches(of: layer, rows, first..<min(first + size, rows.points), columns, into: share)
        }
    }

    private func contractPatches(
        of layer: Affine, _ rows: Factors, _ points: Range<Int>, _ columns: Factors, into share: Buffer
    ) throws(ComputeError) {
        let (memory, pixels, channels) = (network.memory, layer.output.pixels, layer.output.channels)
        let (n, m) = (points.count * pixels, columns.points * pixels)
        let gram = try memory.borrow(n * m)
        let product = try memory.borrow(n * m * outputs)
        try memory.backend.multiply(
            MatrixProduct(
                a: rows.patches.buffer, b: columns.patches.buffer, c: gram.buffer, m: n, n: m, k: layer.patch,
                transposeB: true, placeA: .init(offset: points.lowerBound * pixels * layer.patch)))
        for a in 0..<network.plan.outputs {
            let isTrace = form == .trace
            try memory.backend.multiply(
                MatrixProduct(
                    a: rows.cotangents.buffer, b: columns.cotangents.buffer, c: product.buffer, m: n, n: m * outputs,
                    k: channels, transposeB: true, alpha: isTrace ? 1 / Double(network.plan.outputs) : 1,
                    beta: isTrace && a > 0 ? 1 : 0,
                    placeA: .init(offset: (a * rows.points + points.lowerBound) * pixels * channels),
                    placeB: .init(offset: isTrace ? a * m * channels : 0)))
            if isTrace && a < network.plan.outputs - 1 { continue }
            try memory.backend.run(
                .patchGram(
                    ntk: share, from: points.lowerBound, gram: gram.buffer, product: product.buffer,
                    rows: points.count, columns: columns.points, pixels: pixels, outputs: outputs,
                    a: isTrace ? 0 : a, scales: (layer.weightScale, layer.bias == nil ? 0 : layer.biasScale)))
        }
    }
}

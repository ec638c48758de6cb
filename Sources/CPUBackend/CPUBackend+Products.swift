import Compute

extension CPUBackend {
    package func multiply(_ product: MatrixProduct) throws(ComputeError) {
        precondition(product.a.precision == product.b.precision && product.b.precision == product.c.precision)
        switch product.c.precision {
        case .float32: multiply(product, as: Float.self)
        case .float64: multiply(product, as: Double.self)
        }
    }

    private func multiply<T: CPUReal>(_ p: MatrixProduct, as type: T.Type) {
        if p.isSymmetric && p.beta == 0 { return symmetricMultiply(p, as: type) }
        let lda = p.transposeA ? p.m : p.k
        let ldb = p.transposeB ? p.k : p.n
        // A single product of few rows is cut finer, so that there is work for several threads.
        let rowParts = Self.parts(p.m, of: p.count == 1 && p.m < 1024 ? max(32, (p.m / 4 + 15) / 16 * 16) : 256)
        let columnParts = Self.parts(p.n, of: rowParts.count > 1 ? 4096 : 512)
        let partCount = rowParts.count * columnParts.count
        parallel(p.count * partCount) { index in
            let product = index / partCount
            let i = rowParts[index % partCount / columnParts.count]
            let j = columnParts[index % columnParts.count]
            let a = p.a.pointer(T.self) + p.placeA.offset + product * p.placeA.stride
            let b = p.b.pointer(T.self) + p.placeB.offset + product * p.placeB.stride
            let c = p.c.pointer(T.self) + p.placeC.offset + product * p.placeC.stride
            T.gemm(
                p.transposeA, p.transposeB, i.count, j.count, p.k, p.alpha,
                a + (p.transposeA ? i.lowerBound : i.lowerBound * lda), lda,
                b + (p.transposeB ? j.lowerBound * ldb : j.lowerBound), ldb, p.beta,
                c + i.lowerBound * p.n + j.lowerBound, p.n)
        }
    }

    /// Tiles on and below the diagonal, and a mirror: c is symmetric bit for bit.
    private func symmetricMultiply<T: CPUReal>(_ p: MatrixProduct, as type: T.Type) {
        let (n, stride) = (p.n, p.transposeA ? p.n : p.k)
        let parts = Self.parts(n, of: n < 1024 ? max(32, (n / 4 + 15) / 16 * 16) : 256)
        let tiles = parts.indices.flatMap { row in (0...row).map { (row, $0) } }
        let a = p.a.pointer(T.self) + p.placeA.offset
        let c = p.c.pointer(T.self) + p.placeC.offset
        parallel(tiles.count) { index in
            let (i, j) = (parts[tiles[index].0], parts[tiles[index].1])
            let lower = c + i.lowerBound * n + j.lowerBound
            T.gemm(
                p.transposeA, p.transposeB, i.count, j.count, p.k, p.alpha,
                a + (p.transposeA ? i.lowerBound : i.lowerBound * stride), stride,
                a + (p.transposeB ? j.lowerBound * stride : j.lowerBound), stride, 0, lower, n)
            if i != j {
                T.transpose(i.count, j.count, lower, n, c + j.lowerBound * n + i.lowerBound, n)
            } else {
                for row in 0..<i.count {
                    for column in row + 1..<i.count { lower[row * n + column] = lower[column * n + row] }
                }
            }
        }
    }
}

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
        let lda = p.transposeA ? p.m : p.k
        let ldb = p.transposeB ? p.k : p.n
        let rowParts = Self.parts(p.m, of: 256)
        let columnParts = Self.parts(p.n, of: rowParts.count > 1 ? 4096 : 512)
        parallel(rowParts.count * columnParts.count) { index in
            let i = rowParts[index / columnParts.count]
            let j = columnParts[index % columnParts.count]
            T.gemm(
                p.transposeA, p.transposeB, i.count, j.count, p.k, p.alpha,
                p.a.pointer(T.self) + (p.transposeA ? i.lowerBound : i.lowerBound * lda), lda,
                p.b.pointer(T.self) + (p.transposeB ? j.lowerBound * ldb : j.lowerBound), ldb, p.beta,
                p.c.pointer(T.self) + i.lowerBound * p.n + j.lowerBound, p.n)
        }
    }
}

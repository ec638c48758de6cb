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
        if p.isSymmetric && p.beta == 0 && !isSerial { return symmetricMultiply(p, as: type) }
        let lda = p.transposeA ? p.m : p.k
        let ldb = p.transposeB ? p.k : p.n
        // A single product of few rows is cut finer, so that there is work for several threads.
        let rowSize = p.count == 1 && p.m < 1024 ? max(32, (p.m / 4 + 15) / 16 * 16) : 256
        let rowParts = Self.parts(p.m, of: isSerial ? max(p.m, 1) : rowSize)
        let columnParts = Self.parts(p.n, of: isSerial ? max(p.n, 1) : rowParts.count > 1 ? 4096 : 512)
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

    /// Tiles below the diagonal, then the halves of those on it, and a mirror: c is symmetric bit for bit. Tiles are as
    /// large as leave work for several threads: what a product packs of its factors is read once per tile.
    private func symmetricMultiply<T: CPUReal>(_ p: MatrixProduct, as type: T.Type) {
        let (n, stride) = (p.n, p.transposeA ? p.n : p.k)
        if (1...512).contains(n), p.k >= 64 * n { return longSymmetricMultiply(p, as: type) }
        let parts = Self.parts(n, of: max(32, min((n / 5 + 15) / 16 * 16, 1024)))
        let tiles =
            parts.indices.flatMap { row in (0..<row).map { (row, $0) } } + parts.indices.map { ($0, $0) }
        let a = p.a.pointer(T.self) + p.placeA.offset
        let c = p.c.pointer(T.self) + p.placeC.offset
        parallel(tiles.count) { index in
            let (i, j) = (parts[tiles[index].0], parts[tiles[index].1])
            let lower = c + i.lowerBound * n + j.lowerBound
            let first = a + (p.transposeA ? i.lowerBound : i.lowerBound * stride)
            if i != j {
                T.gemm(
                    p.transposeA, p.transposeB, i.count, j.count, p.k, p.alpha, first, stride,
                    a + (p.transposeB ? j.lowerBound * stride : j.lowerBound), stride, 0, lower, n)
                T.transpose(i.count, j.count, lower, n, c + j.lowerBound * n + i.lowerBound, n)
            } else {
                T.syrk(p.transposeA, i.count, p.k, p.alpha, first, stride, lower, n)
                Self.mirror(lower, i.count, n)
            }
        }
    }

    /// Sums that are long against the sides of c, such as those of a trace: eight parts of them side by side, added up in
    /// their order. The factor is read once.
    private func longSymmetricMultiply<T: CPUReal>(_ p: MatrixProduct, as type: T.Type) {
        let (n, stride) = (p.n, p.transposeA ? p.n : p.k)
        let parts = Self.parts(p.k, of: (p.k + 7) / 8)
        let a = p.a.pointer(T.self) + p.placeA.offset
        let c = p.c.pointer(T.self) + p.placeC.offset
        withUnsafeTemporaryAllocation(of: T.self, capacity: (parts.count - 1) * n * n) { rest in
            // The first part's place is c.
            nonisolated(unsafe) let sums = rest.baseAddress
            func sum(_ part: Int) -> UnsafeMutablePointer<T> { part == 0 ? c : sums! + (part - 1) * n * n }
            parallel(parts.count) { index in
                let first = a + parts[index].lowerBound * (p.transposeA ? n : 1)
                T.syrk(p.transposeA, n, parts[index].count, p.alpha, first, stride, sum(index), n)
            }
            for part in 1..<max(parts.count, 1) {
                for row in 0..<n { for place in row * n...row * n + row { c[place] += sum(part)[place] } }
            }
        }
        Self.mirror(c, n, n)
    }

    /// Copies what is below the diagonal to what is above it.
    private static func mirror<T>(_ c: UnsafeMutablePointer<T>, _ count: Int, _ stride: Int) {
        for row in 0..<count {
            for column in row + 1..<count { c[row * stride + column] = c[column * stride + row] }
        }
    }
}

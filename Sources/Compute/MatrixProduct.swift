/// `c ← alpha · op(a) op(b) + beta · c`, row-major: one product, or a batch of them.
package struct MatrixProduct: Sendable {
    /// Where a factor lies in its buffer.
    package struct Place: Sendable {
        /// First number.
        package let offset: Int
        /// Numbers from one product of a batch to the next; 0 where all share the factor.
        package let stride: Int

        package init(offset: Int = 0, stride: Int = 0) {
            self.offset = offset
            self.stride = stride
        }
    }

    package let a: Buffer
    package let b: Buffer
    package let c: Buffer
    /// `op(a)` is [m, k], `op(b)` is [k, n], `c` is [m, n].
    package let m: Int
    package let n: Int
    package let k: Int
    package let transposeA: Bool
    package let transposeB: Bool
    package let alpha: Double
    package let beta: Double
    package let placeA: Place
    package let placeB: Place
    package let placeC: Place
    /// Products in the batch.
    package let count: Int
    /// `b` is `a` and only one of them is transposed: c is symmetric and half of the work suffices.
    package var isSymmetric: Bool {
        a === b && transposeA != transposeB && m == n && count == 1 && placeA.offset == placeB.offset
    }

    /// - Precondition: the buffers hold what the sizes and places say; products of a batch write to disjoint places.
    package init(
        a: Buffer, b: Buffer, c: Buffer, m: Int, n: Int, k: Int, transposeA: Bool = false, transposeB: Bool = false,
        alpha: Double = 1, beta: Double = 0, placeA: Place = Place(), placeB: Place = Place(),
        placeC: Place = Place(), count: Int = 1
    ) {
        func fits(_ buffer: Buffer, _ size: Int, _ place: Place) -> Bool {
            place.offset >= 0 && place.stride >= 0
                && buffer.count >= place.offset + (count - 1) * place.stride + size
        }
        precondition(
            fits(a, m * k, placeA) && fits(b, k * n, placeB) && fits(c, m * n, placeC),
            "\(count) products of [\(m), \(k)] and [\(k), \(n)] need larger buffers than \(a.count), \(b.count), "
                + "\(c.count)")
        precondition(count == 1 || placeC.stride >= m * n, "products of a batch overlap in their destination")
        self.a = a
        self.b = b
        self.c = c
        self.m = m
        self.n = n
        self.k = k
        self.transposeA = transposeA
        self.transposeB = transposeB
        self.alpha = alpha
        self.beta = beta
        self.placeA = placeA
        self.placeB = placeB
        self.placeC = placeC
        self.count = count
    }
}

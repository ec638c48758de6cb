import Compute

/// The empirical NTK of a finite net at its present parameters: products of derivatives in all parameters,
/// `Θ[i a, j b] = ⟨∂f_a(x_i)/∂w, ∂f_b(x'_j)/∂w⟩`, parameters taken as the net's parameterization has them.
///
/// Each layer's share is contracted the cheaper way: from derivatives written out, or from products of patches and of
/// cotangents, which for a dense layer are Gram matrices. Points are taken in blocks, so that no more than
/// `memoryLimit` bytes of derivatives are alive.
///
/// Source: Jacot et al. 2018; Novak, Sohl-Dickstein & Schoenholz 2022 on contracting by layers.
package struct EmpiricalNTK: Sendable {
    package enum Form: String, Sendable, CaseIterable {
        /// All pairs of outputs: [n · k, m · k], point before output.
        case full
        /// The mean over equal outputs: [n, m].
        case trace
    }

    package let network: Network
    package let form: Form
    /// Bytes.
    package let memoryLimit: Int
    /// The contraction of all layers; nil for the cheaper one of each.
    private let contraction: Contraction?

    package init(_ network: Network, form: Form, memoryLimit: Int = 1 << 30) {
        self.init(network, form: form, memoryLimit: memoryLimit, contraction: nil)
    }

    init(_ network: Network, form: Form, memoryLimit: Int = 1 << 30, contraction: Contraction?) {
        self.network = network
        self.form = form
        self.memoryLimit = memoryLimit
        self.contraction = contraction
    }

    /// Θ of all pairs of rows and columns.
    /// - Parameters:
    ///   - rows: [n, …].
    ///   - columns: [m, …]; nil for the rows themselves, which makes the kernel symmetric bit for bit.
    /// - Returns: in the net's precision.
    /// - Complexity: k reverse passes per point and the contraction, see `Affine.cheaperContraction`.
    package func kernel(_ rows: Tensor<Double>, _ columns: Tensor<Double>? = nil) throws(ComputeError) -> HostMatrix {
        try matrices(rows, columns, separated: false)[0]
    }

    /// The share of each layer with weights, from the input on; they sum to ``kernel(_:_:)``.
    package func layerKernels(
        _ rows: Tensor<Double>, _ columns: Tensor<Double>? = nil
    ) throws(ComputeError) -> [HostMatrix] {
        try matrices(rows, columns, separated: true)
    }

    /// Numbers per point and side of the kernel.
    var outputs: Int { form == .full ? network.plan.outputs : 1 }

    private func matrices(
        _ rows: Tensor<Double>, _ columns: Tensor<Double>?, separated: Bool
    ) throws(ComputeError) -> [HostMatrix] {
        let layers = network.plan.modules.affines
        let n = rows.count
        let m = columns?.count ?? n
        let contractions = layers.map {
            contraction ?? $0.cheaperContraction(form, outputs: network.plan.outputs, points: min(n, m))
        }
        var results: [HostMatrix] = []
        for _ in 0..<(separated ? layers.count : 1) {
            results.append(
                try HostMatrix(rows: n * outputs, columns: m * outputs, precision: network.precision))
        }
        let size = blockSize(layers, contractions, rows: n, isSymmetric: columns == nil)
        for i in blocks(n, size) {
            let first = try DerivativeBlock(network, points: rows[i], contractions: contractions)
            for j in blocks(m, size) where columns != nil || j.lowerBound <= i.lowerBound {
                let isDiagonal = columns == nil && i == j
                let second =
                    isDiagonal
                    ? first : try DerivativeBlock(network, points: (columns ?? rows)[j], contractions: contractions)
                let shares = try contract(first, second, isDiagonal: isDiagonal, layers, separated: separated)
                for (share, result) in zip(shares, results) {
                    try copy(share.buffer, to: result, i, j, mirrored: columns == nil)
                }
            }
        }
        return results
    }

    /// Points of a block: all rows of a symmetric kernel where their derivatives fit the limit, else what two blocks of
    /// derivatives leave room for.
    private func blockSize(_ layers: [Affine], _ contractions: [Contraction], rows: Int, isSymmetric: Bool) -> Int {
        let perPoint = zip(layers, contractions).reduce(0) {
            $0 + $1.0.derivativeCount($1.1, outputs: network.plan.outputs)
        }
        let size = memoryLimit / network.precision.byteCount / max(perPoint, 1)
        return isSymmetric && rows <= size ? max(rows, 1) : max(1, size / 2)
    }

    /// Blocks of nearly equal sizes.
    private func blocks(_ count: Int, _ size: Int) -> [Range<Int>] {
        let parts = (count + size - 1) / max(size, 1)
        return (0..<parts).map { count * $0 / parts..<count * ($0 + 1) / parts }
    }

    /// The shares of a pair of blocks: one per layer where separated, else their sum.
    private func contract(
        _ rows: DerivativeBlock, _ columns: DerivativeBlock, isDiagonal: Bool, _ layers: [Affine], separated: Bool
    ) throws(ComputeError) -> [PooledBuffer] {
        let memory = network.memory
        let (n, m) = (rows.points * outputs, columns.points * outputs)
        var shares: [PooledBuffer] = []
        for layer in layers {
            let share = try memory.borrow(n * m)
            switch (rows.layers[layer.index], columns.layers[layer.index]) {
            case (.jacobian(let first), .jacobian(let second)):
                // The trace is the same product with the outputs among the numbers summed over.
                let scale = form == .full ? 1 : 1 / Double(network.plan.outputs)
                try memory.backend.multiply(
                    MatrixProduct(
                        a: first.buffer, b: second.buffer, c: share.buffer, m: n, n: m,
                        k: first.buffer.count / n, transposeB: true, alpha: scale))
            case (.factors(let first, let left), .factors(let second, let right)):
                try contractPatches(
                    of: layer, (first, left, rows.points), (second, right, columns.points), into: share.buffer)
            default: preconditionFailure("blocks of different contractions")
            }
            if separated || shares.isEmpty {
                shares.append(share)
            } else {
                try memory.backend.run(.axpby(share.buffer, into: shares[0].buffer, count: n * m))
            }
        }
        return shares
    }

    /// Copies a share into its place; where the kernel is symmetric also its transpose.
    private func copy(
        _ share: Buffer, to result: HostMatrix, _ i: Range<Int>, _ j: Range<Int>, mirrored: Bool
    ) throws(ComputeError) {
        let place = (top: i.lowerBound * outputs, left: j.lowerBound * outputs)
        switch result.precision {
        case .float32:
            result.place(
                try network.backend.numbers(of: share, as: Float.self), i.count * outputs, at: place, mirrored: mirrored
            )
        case .float64:
            result.place(
                try network.backend.numbers(of: share, as: Double.self), i.count * outputs, at: place,
                mirrored: mirrored)
        }
    }
}

extension HostMatrix {
    /// Overwrites a part of the matrix, and where it is mirrored that part's transpose. On the diagonal what is below it
    /// then stands for both sides: sums over pixels have an order.
    fileprivate func place<T: Real>(
        _ numbers: [T], _ rows: Int, at place: (top: Int, left: Int), mirrored: Bool
    ) {
        let count = numbers.count / max(rows, 1)
        let isDiagonal = mirrored && place.top == place.left
        // Both the part and its transpose are walked through in squares that stay in the cache.
        let side = 64
        withElements(as: T.self) { target in
            numbers.withUnsafeBufferPointer { numbers in
                for top in stride(from: 0, to: rows, by: side) {
                    for left in stride(from: 0, to: isDiagonal ? min(top + side, count) : count, by: side) {
                        for row in top..<min(top + side, rows) {
                            for column in left..<min(left + side, isDiagonal ? row + 1 : count) {
                                let number = numbers[row * count + column]
                                target[(place.top + row) * columns + place.left + column] = number
                                if mirrored { target[(place.left + column) * columns + place.top + row] = number }
                            }
                        }
                    }
                }
            }
        }
    }
}

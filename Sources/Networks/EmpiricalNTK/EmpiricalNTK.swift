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
    private var outputs: Int { form == .full ? network.plan.outputs : 1 }

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
        let size = blockSize(layers, contractions)
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

    /// Points of a block: two blocks of derivatives, and the products of patches of two blocks, fit the limit.
    private func blockSize(_ layers: [Affine], _ contractions: [Contraction]) -> Int {
        var perPoint = 0
        var pixels = 0
        for (layer, contraction) in zip(layers, contractions) {
            perPoint += layer.derivativeCount(contraction, outputs: network.plan.outputs)
            if contraction == .patches { pixels = max(pixels, layer.output.pixels) }
        }
        let limit = Double(memoryLimit / network.precision.byteCount)
        // 2 x perPoint + 2 x² pixels² = limit.
        let (a, b) = (Double(pixels * pixels), Double(perPoint))
        let size = a > 0 ? ((b * b + 2 * a * limit).squareRoot() - b) / (2 * a) : limit / (2 * b)
        return max(1, Int(size))
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
                try contract(
                    layer, (first, left, rows.points), (second, right, columns.points), into: share.buffer)
            default: preconditionFailure("blocks of different contractions")
            }
            if separated || shares.isEmpty {
                shares.append(share)
            } else {
                try memory.backend.run(.add(target: shares[0].buffer, source: share.buffer, count: n * m))
            }
        }
        return shares
    }

    private typealias Factors = (patches: PooledBuffer, cotangents: [PooledBuffer], points: Int)

    private func contract(
        _ layer: Affine, _ rows: Factors, _ columns: Factors, into share: Buffer
    ) throws(ComputeError) {
        let memory = network.memory
        let pixels = layer.output.pixels
        let (n, m) = (rows.points * pixels, columns.points * pixels)
        let gram = try memory.borrow(n * m)
        let product = try memory.borrow(n * m)
        try memory.backend.multiply(
            MatrixProduct(
                a: rows.patches.buffer, b: columns.patches.buffer, c: gram.buffer, m: n, n: m, k: layer.patch,
                transposeB: true))
        func multiply(_ a: Int, _ b: Int, beta: Double) throws(ComputeError) {
            try memory.backend.multiply(
                MatrixProduct(
                    a: rows.cotangents[a].buffer, b: columns.cotangents[b].buffer, c: product.buffer, m: n, n: m,
                    k: layer.output.channels, transposeB: true,
                    alpha: form == .full ? 1 : 1 / Double(network.plan.outputs), beta: beta))
        }
        func write(_ a: Int, _ b: Int) throws(ComputeError) {
            try memory.backend.run(
                .patchGram(
                    ntk: share, gram: gram.buffer, product: product.buffer, rows: rows.points,
                    columns: columns.points, pixels: pixels, outputs: outputs, a: a, b: b,
                    scales: (layer.weightScale, layer.bias == nil ? 0 : layer.biasScale)))
        }
        switch form {
        case .full:
            for a in rows.cotangents.indices {
                for b in columns.cotangents.indices {
                    try multiply(a, b, beta: 0)
                    try write(a, b)
                }
            }
        case .trace:
            for a in rows.cotangents.indices { try multiply(a, a, beta: a == 0 ? 0 : 1) }
            try write(0, 0)
        }
    }

    /// Copies a share into its place; where the kernel is symmetric also its transpose.
    private func copy(
        _ share: Buffer, to result: HostMatrix, _ i: Range<Int>, _ j: Range<Int>, mirrored: Bool
    ) throws(ComputeError) {
        let numbers = try network.backend.download(share)
        let (rows, columns) = (i.count * outputs, j.count * outputs)
        let (top, left) = (i.lowerBound * outputs, j.lowerBound * outputs)
        func write<T: Real>(_ type: T.Type) {
            result.withElements(as: type) { target in
                for row in 0..<rows {
                    // On the diagonal what is below it stands for both sides: sums over pixels have an order.
                    for column in 0..<(mirrored && top == left ? row + 1 : columns) {
                        let number = T(numbers[row * columns + column])
                        target[(top + row) * result.columns + left + column] = number
                        if mirrored { target[(left + column) * result.columns + top + row] = number }
                    }
                }
            }
        }
        switch result.precision {
        case .float32: write(Float.self)
        case .float64: write(Double.self)
        }
    }
}

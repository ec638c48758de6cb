import CCLBlast
import COpenCL
import Compute

extension OpenCLBackend {
    /// Side of a group of `Matrix/mirror`.
    private static let mirrorTile = 16

    /// CLBlast's gemm, or its syrk and a mirror where the product is symmetric and nothing is added to.
    package func multiply(_ product: MatrixProduct) throws(ComputeError) {
        guard product.m > 0, product.n > 0 else { return }
        let precision = product.c.precision
        let shape = "\(product.m) × \(product.k) × \(product.n)"
        precondition(
            product.a.precision == precision && product.b.precision == precision && product.k > 0
                && product.c !== product.a && product.c !== product.b,
            "a product of \(shape) needs one precision, k > 0 and a destination of its own")
        try requireSupport(of: precision, "multiplying \(shape)")
        for (rows, columns) in [(product.m, product.k), (product.k, product.n), (product.m, product.n)]
        where rows * columns > Int32.max {
            throw ComputeError(
                .operationFailed, operation: "multiplying \(shape)", device: device.name,
                detail: "CLBlast counts in 32 bits and a matrix has \(rows * columns) numbers",
                advice: "lower compute.tile")
        }
        if product.count > 1 {
            try batchedMultiply(product, "\(product.count) times \(shape)")
        } else if product.isSymmetric && product.beta == 0 && product.placeC.offset == 0 {
            try symmetricMultiply(product, shape)
        } else {
            try generalMultiply(product, shape)
        }
    }

    private func generalMultiply(_ product: MatrixProduct, _ shape: String) throws(ComputeError) {
        let (m, n, k) = (product.m, product.n, product.k)
        let a = context.memory(of: product.a).raw
        let b = context.memory(of: product.b).raw
        let c = context.memory(of: product.c).raw
        let transposeA = product.transposeA ? CLBlastTransposeYes : CLBlastTransposeNo
        let transposeB = product.transposeB ? CLBlastTransposeYes : CLBlastTransposeNo
        let strideA = product.transposeA ? m : k
        let strideB = product.transposeB ? k : n
        let (offsetA, offsetB, offsetC) = (product.placeA.offset, product.placeB.offset, product.placeC.offset)
        switch product.c.precision {
        case .float32:
            try queue.enqueue("CLBlastSgemm", "gemm", "multiplying \(shape)") { queue, event in
                var queue: cl_command_queue? = queue
                return CLBlastSgemm(
                    CLBlastLayoutRowMajor, transposeA, transposeB, m, n, k, Float(product.alpha), a, offsetA, strideA,
                    b, offsetB, strideB, Float(product.beta), c, offsetC, n, &queue, event
                ).rawValue
            }
        case .float64:
            try queue.enqueue("CLBlastDgemm", "gemm", "multiplying \(shape)") { queue, event in
                var queue: cl_command_queue? = queue
                return CLBlastDgemm(
                    CLBlastLayoutRowMajor, transposeA, transposeB, m, n, k, product.alpha, a, offsetA, strideA, b,
                    offsetB, strideB, product.beta, c, offsetC, n, &queue, event
                ).rawValue
            }
        }
    }

    private func batchedMultiply(_ product: MatrixProduct, _ shape: String) throws(ComputeError) {
        let (m, n, k) = (product.m, product.n, product.k)
        let a = context.memory(of: product.a).raw
        let b = context.memory(of: product.b).raw
        let c = context.memory(of: product.c).raw
        let transposeA = product.transposeA ? CLBlastTransposeYes : CLBlastTransposeNo
        let transposeB = product.transposeB ? CLBlastTransposeYes : CLBlastTransposeNo
        let (placeA, placeB, placeC) = (product.placeA, product.placeB, product.placeC)
        let strideA = product.transposeA ? m : k
        let strideB = product.transposeB ? k : n
        switch product.c.precision {
        case .float32:
            try queue.enqueue("CLBlastSgemmStridedBatched", "gemm", "multiplying \(shape)") { queue, event in
                var queue: cl_command_queue? = queue
                return CLBlastSgemmStridedBatched(
                    CLBlastLayoutRowMajor, transposeA, transposeB, m, n, k, Float(product.alpha), a, placeA.offset,
                    strideA, placeA.stride, b, placeB.offset, strideB, placeB.stride, Float(product.beta), c,
                    placeC.offset, n, placeC.stride, product.count, &queue, event
                ).rawValue
            }
        case .float64:
            try queue.enqueue("CLBlastDgemmStridedBatched", "gemm", "multiplying \(shape)") { queue, event in
                var queue: cl_command_queue? = queue
                return CLBlastDgemmStridedBatched(
                    CLBlastLayoutRowMajor, transposeA, transposeB, m, n, k, product.alpha, a, placeA.offset,
                    strideA, placeA.stride, b, placeB.offset, strideB, placeB.stride, product.beta, c,
                    placeC.offset, n, placeC.stride, product.count, &queue, event
                ).rawValue
            }
        }
    }

    private func symmetricMultiply(_ product: MatrixProduct, _ shape: String) throws(ComputeError) {
        let (n, k) = (product.n, product.k)
        let a = context.memory(of: product.a).raw
        let c = context.memory(of: product.c).raw
        let transpose = product.transposeA ? CLBlastTransposeYes : CLBlastTransposeNo
        let stride = product.transposeA ? n : k
        // Before the product, so that a failure leaves no half of a matrix behind.
        let mirror = try kernel("mirror", of: ProgramSource(file: "Matrix/mirror", precision: product.c.precision))
        switch product.c.precision {
        case .float32:
            try queue.enqueue("CLBlastSsyrk", "syrk", "multiplying \(shape)") { queue, event in
                var queue: cl_command_queue? = queue
                return CLBlastSsyrk(
                    CLBlastLayoutRowMajor, CLBlastTriangleLower, transpose, n, k, Float(product.alpha), a,
                    product.placeA.offset, stride, 0, c, 0, n, &queue, event
                ).rawValue
            }
        case .float64:
            try queue.enqueue("CLBlastDsyrk", "syrk", "multiplying \(shape)") { queue, event in
                var queue: cl_command_queue? = queue
                return CLBlastDsyrk(
                    CLBlastLayoutRowMajor, CLBlastTriangleLower, transpose, n, k, product.alpha, a,
                    product.placeA.offset, stride, 0, c, 0, n, &queue, event
                ).rawValue
            }
        }
        try launch(
            mirror, [.buffer(product.c), .size(n)], global: [n, n], local: [Self.mirrorTile, Self.mirrorTile])
    }
}

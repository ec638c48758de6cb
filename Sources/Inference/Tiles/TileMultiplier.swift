import COpenBLAS
import Compute

/// Where the matrix products of a factorisation on disk are formed: on a device that knows float64, or on the host.
struct TileMultiplier: Sendable {
    /// nil for the host.
    let backend: (any Backend)?

    /// One for each device that knows float64; the host where there is none.
    static func all(_ backends: [any Backend], tile: Int) -> [TileMultiplier] {
        let able = backends.filter {
            $0.device.supportsFloat64 && $0.device.maximumAllocation >= 8 * tile * tile
                && $0.device.memory >= 32 * tile * tile
        }
        return able.isEmpty ? [TileMultiplier(backend: nil)] : able.map { TileMultiplier(backend: $0) }
    }

    /// C ← C − Σ_k A_k B_kᵀ, summed in the order of k.
    /// - Parameters:
    ///   - target: C, [h, w], float64.
    ///   - factors: A_k [h, d] and B_k [w, d], float64; the same matrix twice for a symmetric C.
    /// - Complexity: 2 h w d flops for each k; on a device three tiles of memory.
    func subtract(
        from target: HostMatrix, _ count: Int,
        factors: (Int) throws(InferenceError) -> (a: HostMatrix, b: HostMatrix)
    ) throws(InferenceError) {
        guard count > 0 else { return }
        guard let backend else {
            for k in 0..<count {
                let (a, b) = try factors(k)
                Self.subtract(from: target, a, b)
            }
            return
        }
        let c = try onDevice { () throws(ComputeError) in try Self.upload(target, to: backend) }
        for k in 0..<count {
            let (a, b) = try factors(k)
            try onDevice { () throws(ComputeError) in
                let left = try Self.upload(a, to: backend)
                let right = a === b ? left : try Self.upload(b, to: backend)
                try backend.multiply(
                    MatrixProduct(
                        a: left, b: right, c: c, m: target.rows, n: target.columns, k: a.columns, transposeB: true,
                        alpha: -1, beta: 1))
            }
        }
        try onDevice { () throws(ComputeError) in
            try backend.read(
                c, offset: 0, into: UnsafeMutableRawBufferPointer(start: target.base, count: Self.byteCount(target)))
        }
    }

    private static func subtract(from target: HostMatrix, _ a: HostMatrix, _ b: HostMatrix) {
        BLASThreads.all {
            cblas_dgemm(
                CblasRowMajor, CblasNoTrans, CblasTrans, Int32(target.rows), Int32(target.columns), Int32(a.columns),
                -1, a.doubles, Int32(a.columns), b.doubles, Int32(b.columns), 1, target.doubles,
                Int32(target.columns))
        }
    }

    private static func upload(_ matrix: HostMatrix, to backend: any Backend) throws(ComputeError) -> Buffer {
        let buffer = try backend.allocate(matrix.rows * matrix.columns, .float64)
        try backend.write(
            UnsafeRawBufferPointer(start: matrix.base, count: byteCount(matrix)), to: buffer, offset: 0)
        return buffer
    }

    private static func byteCount(_ matrix: HostMatrix) -> Int { matrix.rows * matrix.columns * 8 }
}

extension HostMatrix {
    /// The numbers of a float64 matrix.
    var doubles: UnsafeMutablePointer<Double> {
        precondition(precision == .float64, "a float32 matrix read as float64")
        return base.assumingMemoryBound(to: Double.self)
    }
}

/// Runs what talks to a device.
func onDevice<R>(_ body: () throws(ComputeError) -> R) throws(InferenceError) -> R {
    do { return try body() } catch { throw .device(error) }
}

import COpenBLAS
import Compute

/// The largest eigenvalues of a symmetric matrix and their vectors: block Lanczos with thick restarts, full
/// reorthogonalisation and Rayleigh–Ritz on the whole basis.
///
/// The basis Q and W = ΘQ are kept, so that the projected matrix QᵀΘQ and the residuals Θv − λv are computed and
/// not inferred from a recurrence. A block that has become dependent is filled up with random vectors, and when all
/// wanted pairs have converged, one more cycle starts from random vectors: copies of a multiple eigenvalue that the
/// first start did not hold come in there, and only a cycle that changes nothing ends the search.
///
/// Source: Grimes, Lewis & Simon 1994 (block Lanczos); Wu & Simon 2000 (thick restart).
struct BlockKrylov {
    /// Wanted pairs, p.
    let count: Int
    /// Vectors per product with Θ.
    let block: Int
    /// Vectors that the basis holds before it is cut.
    let capacity: Int
    /// Vectors that a cut leaves.
    let kept: Int
    /// Wanted ‖Θv − λv‖ / λ_0 of every pair.
    let tolerance: Double
    /// Products of Θ with a block before the search is given up.
    var productLimit = 2000
    /// Told after each product how many there were.
    var onProduct: (Int) -> Void = { _ in }

    init(count: Int, tolerance: Double) {
        self.count = count
        self.tolerance = tolerance
        block = min(max(8, count / 3), 64)
        kept = count + block
        capacity = kept + max(count, 6 * block)
    }

    struct Solution {
        /// Descending, [count].
        let eigenvalues: [Double]
        /// Row r belongs to eigenvalue count − 1 − r, [count, n].
        let rows: HostMatrix
        /// The largest ‖Θv − λv‖ / λ_0.
        let residual: Double
        /// Products of Θ with a block.
        let products: Int
    }

    /// - Precondition: the matrix has more rows than `capacity`.
    /// - Throws: `InferenceError.spectrumNotConverged`, `.outOfMemory`, and what products with Θ throw.
    /// - Complexity: 2 n² · block flops per product; 2 · capacity · n doubles beside Θ.
    func solve(_ matrix: some SymmetricOperator) throws(InferenceError) -> Solution {
        precondition(matrix.n > capacity, "a basis of \(capacity) vectors in \(matrix.n) dimensions")
        var basis = try KrylovBasis(n: matrix.n, capacity: capacity, block: block)
        var confirmed: [Double]?
        while true {
            while basis.count + block <= capacity {
                try basis.expand(matrix)
                onProduct(basis.products)
            }
            let ritz = try basis.ritz()
            let vectors = basis.vectors(ritz, kept)
            let residuals = vectors.residuals(ritz.values, count)
            let scale = max(abs(ritz.values[0]), Double.leastNormalMagnitude)
            let worst = (residuals.max() ?? 0) / scale
            let isConverged = worst <= tolerance
            let values = Array(ritz.values[..<count])
            if isConverged, let before = confirmed,
                zip(before, values).allSatisfy({ abs($0 - $1) <= tolerance * scale })
            {
                return Solution(
                    eigenvalues: values, rows: try vectors.ascending(count), residual: worst,
                    products: basis.products)
            }
            guard basis.products < productLimit else {
                throw .spectrumNotConverged(
                    converged: residuals.count { $0 <= tolerance * scale }, count: count, residual: worst,
                    tolerance: tolerance)
            }
            confirmed = isConverged ? values : nil
            let open = (0..<count).filter { residuals[$0] > tolerance * scale }
                .sorted { residuals[$0] > residuals[$1] }
            try basis.restart(ritz, keeping: vectors, from: isConverged ? [] : open + Array(count..<kept))
        }
    }
}

/// Ritz vectors v, the largest eigenvalue first, and Θv.
private struct RitzVectors {
    let n: Int
    /// [count, n]
    let vectors: [Double]
    let images: [Double]

    var count: Int { vectors.count / n }

    /// Number j of Θv − λv for vector i.
    func residual(_ i: Int, _ eigenvalue: Double, _ j: Int) -> Double {
        images[i * n + j] - eigenvalue * vectors[i * n + j]
    }

    /// ‖Θv − λv‖ of the first `wanted` pairs.
    func residuals(_ eigenvalues: [Double], _ wanted: Int) -> [Double] {
        (0..<wanted).map { i in
            var sum = 0.0
            for j in 0..<n {
                let difference = residual(i, eigenvalues[i], j)
                sum += difference * difference
            }
            return sum.squareRoot()
        }
    }

    /// The first `wanted` vectors, the last of them in row 0.
    func ascending(_ wanted: Int) throws(InferenceError) -> HostMatrix {
        let rows = try SymmetricMatrix.matrix(wanted, n)
        rows.withElements(as: Double.self) { target in
            for i in 0..<wanted {
                for j in 0..<n { target[(wanted - 1 - i) * n + j] = vectors[i * n + j] }
            }
        }
        return rows
    }
}

/// Orthonormal vectors Q, row by row, and ΘQ.
private struct KrylovBasis {
    let n: Int
    let capacity: Int
    let block: Int
    private(set) var count = 0
    private(set) var products = 0
    private var q: HostMatrix
    private var w: HostMatrix
    /// QᵀΘQ, [capacity, capacity], the leading `count` rows and columns.
    private var projected: [Double]
    /// The block to multiply next, [block, n].
    private let next: HostMatrix
    /// Set where `next` holds vectors that are ready.
    private var isReady = false
    private var generator = SplitMix64(0x6e74_6b20_6569_6768)

    struct Ritz {
        /// Descending.
        let values: [Double]
        /// Row i: coefficients of the i-th vector in the basis, [count, count].
        let coefficients: [Double]
    }

    init(n: Int, capacity: Int, block: Int) throws(InferenceError) {
        self.n = n
        self.capacity = capacity
        self.block = block
        q = try SymmetricMatrix.matrix(capacity, n)
        w = try SymmetricMatrix.matrix(capacity, n)
        next = try SymmetricMatrix.matrix(block, n)
        projected = [Double](repeating: 0, count: capacity * capacity)
    }

    /// Adds the next block: what Θ makes of the last one, freed of what is known.
    mutating func expand(_ matrix: some SymmetricOperator) throws(InferenceError) {
        if !isReady { prepareNext() }
        isReady = false
        let offset = count * n
        pointer(q).advanced(by: offset).update(from: pointer(next), count: block * n)
        try matrix.multiply(pointer(q) + offset, count: block, into: pointer(w) + offset)
        products += 1
        count += block
        // The new columns of QᵀΘQ, and by symmetry the new rows.
        var columns = [Double](repeating: 0, count: count * block)
        multiply(pointer(q), count, pointer(w) + offset, block, &columns)
        for i in 0..<count {
            for j in 0..<block {
                let column = count - block + j
                projected[i * capacity + column] = columns[i * block + j]
                projected[column * capacity + i] = columns[i * block + j]
            }
        }
    }

    func ritz() throws(InferenceError) -> Ritz {
        let size = count
        let matrix = try SymmetricMatrix.matrix(size, size)
        matrix.withElements(as: Double.self) { target in
            for i in 0..<size {
                // The mean of two roundings of the same number.
                for j in 0...i {
                    target[i * size + j] = (projected[i * capacity + j] + projected[j * capacity + i]) / 2
                }
            }
        }
        let spectrum = try Spectrum(of: matrix, method: .dsyevd)
        return Ritz(values: spectrum.eigenvalues, coefficients: (0..<size).flatMap { spectrum.eigenvector($0) })
    }

    /// The first Ritz vectors and what Θ makes of them.
    func vectors(_ ritz: Ritz, _ wanted: Int) -> RitzVectors {
        RitzVectors(n: n, vectors: combine(q, ritz, wanted), images: combine(w, ritz, wanted))
    }

    /// Cuts the basis to its first Ritz vectors and goes on from what some of them lack.
    /// - Parameter sources: Ritz vectors whose residuals Θv − λv make the next block, as far as it has room; random
    ///   vectors fill it up.
    mutating func restart(_ ritz: Ritz, keeping kept: RitzVectors, from sources: [Int]) throws(InferenceError) {
        let used = sources.prefix(block)
        let target = pointer(next)
        // In exact arithmetic all residuals lie in the image of the last block. A basis that was filled up with random
        // vectors knows nothing of the residuals from before, so they are named one by one.
        for (row, source) in used.enumerated() {
            for j in 0..<n { target[row * n + j] = kept.residual(source, ritz.values[source], j) }
        }
        fillRandomly(used.count..<block)
        // What goes on must be free of the whole old basis, so it is made before the cut.
        orthonormalize()
        isReady = true
        for (matrix, combined) in [(q, kept.vectors), (w, kept.images)] {
            combined.withUnsafeBufferPointer { pointer(matrix).update(from: $0.baseAddress!, count: $0.count) }
        }
        count = kept.count
        projected = [Double](repeating: 0, count: capacity * capacity)
        for i in 0..<count { projected[i * capacity + i] = ritz.values[i] }
    }

    private mutating func prepareNext() {
        if count == 0 { fillRandomly(0..<block) } else { copyLastImage() }
        orthonormalize()
    }

    private func copyLastImage() {
        pointer(next).update(from: pointer(w) + (count - block) * n, count: block * n)
    }

    private mutating func fillRandomly(_ rows: Range<Int>) {
        let target = pointer(next)
        for index in rows.lowerBound * n..<rows.upperBound * n {
            target[index] = Double.random(in: -1...1, using: &generator)
        }
    }

    /// Makes the rows of `next` orthonormal and orthogonal to the basis; dependent ones give way to random ones.
    private mutating func orthonormalize() {
        var largest = 0.0
        // Two passes do for rows that are independent, one more for each time that some were replaced.
        for pass in 0..<6 {
            removeBasis()
            let diagonal = factor()
            // What is left of a dependent row is rounding error of the largest one.
            largest = pass == 0 ? max(diagonal[0], scale) : 1
            let rank = diagonal.firstIndex { $0 <= 1e-13 * largest } ?? block
            if rank < block { fillRandomly(rank..<block) }
            if pass > 0, rank == block, diagonal[block - 1] > 0.5 { return }
        }
    }

    /// The size of Θ as far as it is known.
    private var scale: Double { count == 0 ? 0 : (0..<count).reduce(0) { max($0, abs(projected[$1 * capacity + $1])) } }

    private func removeBasis() {
        guard count > 0 else { return }
        var coefficients = [Double](repeating: 0, count: block * count)
        multiply(pointer(next), block, pointer(q), count, &coefficients)
        BLASThreads.all {
            cblas_dgemm(
                CblasRowMajor, CblasNoTrans, CblasNoTrans, Int32(block), Int32(n), Int32(count), -1, coefficients,
                Int32(count), pointer(q), Int32(n), 1, pointer(next), Int32(n))
        }
    }

    /// QR with column pivoting; `next` becomes its Q. Returns |R_jj|, descending.
    private func factor() -> [Double] {
        var pivots = [Int32](repeating: 0, count: block)
        var reflectors = [Double](repeating: 0, count: block)
        var work = [Double](repeating: 0, count: 2 * block + (block + 1) * 64)
        let (rows, columns) = (Int32(n), Int32(block))
        return BLASThreads.all {
            var info = LAPACKE_dgeqp3_work(
                LAPACK_COL_MAJOR, rows, columns, pointer(next), rows, &pivots, &reflectors, &work, Int32(work.count))
            precondition(info == 0, "dgeqp3 refused argument \(-info)")
            let diagonal = (0..<block).map { abs(pointer(next)[$0 * n + $0]) }
            info = LAPACKE_dorgqr_work(
                LAPACK_COL_MAJOR, rows, columns, columns, pointer(next), rows, reflectors, &work, Int32(work.count))
            precondition(info == 0, "dorgqr refused argument \(-info)")
            return diagonal
        }
    }

    /// a bᵀ of rows, [m, k].
    private func multiply(
        _ a: UnsafePointer<Double>, _ m: Int, _ b: UnsafePointer<Double>, _ k: Int, _ result: inout [Double]
    ) {
        BLASThreads.all {
            cblas_dgemm(
                CblasRowMajor, CblasNoTrans, CblasTrans, Int32(m), Int32(k), Int32(n), 1, a, Int32(n), b, Int32(n), 0,
                &result, Int32(k))
        }
    }

    /// The first Ritz combinations of the rows of a matrix, [wanted, n].
    private func combine(_ matrix: HostMatrix, _ ritz: Ritz, _ wanted: Int) -> [Double] {
        var result = [Double](repeating: 0, count: wanted * n)
        BLASThreads.all {
            cblas_dgemm(
                CblasRowMajor, CblasNoTrans, CblasNoTrans, Int32(wanted), Int32(n), Int32(count), 1,
                ritz.coefficients, Int32(count), pointer(matrix), Int32(n), 0, &result, Int32(n))
        }
        return result
    }

    private func pointer(_ matrix: HostMatrix) -> UnsafeMutablePointer<Double> {
        matrix.base.assumingMemoryBound(to: Double.self)
    }
}

import COpenBLAS
import Compute

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Gradient flow at finite times by products with T = Θ + λI alone: α(s) = T⁻¹ (I − exp(−sT)) Y for s = lr t / N.
///
/// Each column of Y spans a Krylov space by the Lanczos method with full reorthogonalisation; on it T is a small
/// tridiagonal matrix H, whose flow is that of its eigenvalues. Where a space of the size that memory allows does not carry
/// to the end, the flow goes on from what is left of Y, exp(−sT) Y, at the place to which it does. How far it carries is
/// told by Y − exp(−sT) Y − T α, which in the space is β |h_m(s)|: what the last vector would pass on to the next.
///
/// Source: Saad 1992 (exponentials in Krylov spaces); Hochbruck & Lubich 1997 (products grow with √(s λ_0)).
package struct KrylovFlow {
    /// Wanted ‖Y − exp(−sT) Y − T α‖ / ‖Y‖ of every column, of each part of the way.
    var tolerance = 1e-12
    /// Vectors of a space.
    let size: Int
    /// Products of Θ with the columns before the flow is given up.
    var productLimit = 2000
    /// Told after each product how many there were.
    var onProduct: (Int) -> Void = { _ in }

    /// - Parameter memory: bytes that the vectors of all columns may take.
    init(points n: Int, outputs k: Int, memory: Int) {
        // More than some hundred vectors cost more to keep orthogonal than a fresh start.
        size = min(n, max(8, min(300, memory / (8 * n * k) - 1)))
    }

    struct Solution {
        /// For each time, [n, k].
        let weights: [Tensor<Double>]
        /// For each time: the largest ‖Y − exp(−sT) Y − T α‖ / ‖Y‖ of a column, computed anew from both.
        let residuals: [Double]
        /// Products of Θ with the columns, those for the residuals left out.
        let products: Int
    }

    /// - Parameters:
    ///   - matrix: Θ.
    ///   - ridge: λ.
    ///   - targets: Y, [n, k].
    ///   - times: s, any order.
    /// - Throws: `InferenceError.flowNotReached`, and what products with Θ throw.
    /// - Complexity: about √(s λ_0) products of Θ with k vectors, one more for each time; (size + 4) n k doubles.
    func solve(
        _ matrix: some SymmetricOperator, ridge: Double, targets: Tensor<Double>, times: [Double]
    ) throws(InferenceError) -> Solution {
        let (n, k) = (matrix.n, targets.stride)
        let y = targets.transposed()
        let norms = ConjugateGradients.dots(y, y, k).map { $0.squareRoot() }
        var (alpha, rest, reached, products) = ([Double](repeating: 0, count: n * k), y, 0.0, 0)
        var found: [Double: (weights: Tensor<Double>, residual: Double)] = [:]
        for time in Set(times).sorted() {
            while reached < time {
                let goals = norms.map { $0 * tolerance }
                var space = try KrylovSpaces(n: n, columns: k, size: size, start: rest)
                var step = 0.0
                while true {
                    guard products < productLimit else {
                        throw .flowNotReached(share: reached / time, products: products)
                    }
                    try space.expand(matrix, ridge)
                    products += 1
                    onProduct(products)
                    guard space.isFull || space.count % 8 == 0 else { continue }
                    step = try space.reach(time - reached, goals)
                    if space.isFull || step == time - reached { break }
                }
                guard step > 0 else { throw .flowNotReached(share: reached / time, products: products) }
                try space.advance(step, &alpha, &rest)
                reached = step == time - reached ? time : reached + step
            }
            // Y − e − T α.
            let image = try ConjugateGradients.product(matrix, ridge, alpha, k)
            let difference = y.indices.map { y[$0] - rest[$0] - image[$0] }
            let residual = zip(ConjugateGradients.dots(difference, difference, k), norms).map {
                $1 > 0 ? $0.squareRoot() / $1 : 0
            }
            found[time] = (Tensor(columns: alpha, shape: [n, k]), residual.max() ?? 0)
        }
        return Solution(
            weights: times.compactMap { found[$0]?.weights }, residuals: times.compactMap { found[$0]?.residual },
            products: products)
    }
}

/// A Krylov space of T for each column, grown together so that one pass over Θ serves all.
private struct KrylovSpaces {
    let n: Int
    let columns: Int
    let size: Int
    /// Vectors of each space so far.
    private(set) var count = 0
    /// Vector j of column c in row j · columns + c, [(size + 1) · columns, n].
    private let vectors: HostMatrix
    /// T of the last vectors, [columns, n].
    private var images: [Double]
    /// ‖Y‖ of each column.
    private let norms: [Double]
    /// H of each column: its diagonal, and what stands beside it; a 0 there says that the space is complete.
    private var diagonal: [[Double]]
    private var beside: [[Double]]

    var isFull: Bool { count == size || !(0..<columns).contains { !isComplete($0) } }

    init(n: Int, columns: Int, size: Int, start: [Double]) throws(InferenceError) {
        (self.n, self.columns, self.size) = (n, columns, size)
        vectors = try SymmetricMatrix.matrix((size + 1) * columns, n)
        images = [Double](repeating: 0, count: columns * n)
        norms = ConjugateGradients.dots(start, start, columns).map { $0.squareRoot() }
        diagonal = Array(repeating: [], count: columns)
        beside = Array(repeating: [], count: columns)
        for c in 0..<columns where norms[c] > 0 {
            for i in 0..<n { vectors.doubles[c * n + i] = start[c * n + i] / norms[c] }
        }
    }

    /// Whether the space of a column holds all that T makes of it.
    private func isComplete(_ column: Int) -> Bool { norms[column] == 0 || beside[column].last == 0 }

    mutating func expand(_ matrix: some SymmetricOperator, _ ridge: Double) throws(InferenceError) {
        let columns = columns
        let last = vectors.doubles + count * columns * n
        let failure: InferenceError? = images.withUnsafeMutableBufferPointer { target in
            do throws(InferenceError) {
                try matrix.multiply(last, count: columns, into: target.baseAddress!)
                return nil
            } catch { return error }
        }
        if let failure { throw failure }
        for i in 0..<columns * n { images[i] += ridge * last[i] }
        count += 1
        for c in 0..<columns where !isComplete(c) { orthogonalize(c) }
    }

    /// The next vector of a column: what T makes of the last one, freed of all that are there.
    private mutating func orthogonalize(_ c: Int) {
        let (count, first) = (count, vectors.doubles + c * n)
        let (rows, n32, stride) = (Int32(count), Int32(n), Int32(columns * n))
        var total = [Double](repeating: 0, count: count)
        var length = 0.0
        let next = vectors.doubles + (count * columns + c) * n
        BLASThreads.all {
            images.withUnsafeMutableBufferPointer { images in
                let image = images.baseAddress! + c * Int(n32)
                let before = cblas_dnrm2(n32, image, 1)
                // Once more for what rounding leaves.
                for _ in 0..<2 {
                    var coefficients = [Double](repeating: 0, count: count)
                    cblas_dgemv(CblasRowMajor, CblasNoTrans, rows, n32, 1, first, stride, image, 1, 0, &coefficients, 1)
                    cblas_dgemv(CblasRowMajor, CblasTrans, rows, n32, -1, first, stride, coefficients, 1, 1, image, 1)
                    for j in 0..<count { total[j] += coefficients[j] }
                }
                length = cblas_dnrm2(n32, image, 1)
                // What is left of a complete space is rounding error.
                if length <= 1e-14 * before { length = 0 }
                guard length > 0 else { return }
                for i in 0..<Int(n32) { next[i] = image[i] / length }
            }
        }
        diagonal[c].append(total[count - 1])
        beside[c].append(count == n ? 0 : length)
    }

    /// The longest step of at most `wanted` that the spaces carry.
    /// - Parameter goals: of ‖Y − e − T α‖ for each column.
    func reach(_ wanted: Double, _ goals: [Double]) throws(InferenceError) -> Double {
        var step = wanted
        for c in 0..<columns where !isComplete(c) {
            let flow = try flow(c)
            // A quarter of what does not do: the residual falls fast with the step.
            while step > 0, !(beside[c][count - 1] * abs(flow.weights(step)[count - 1]) <= goals[c]) {
                step /= 1.25
                if step < 1e-12 * wanted { step = 0 }
            }
        }
        return step
    }

    /// Goes on by a step: adds to α, and leaves of e what is left.
    /// - Parameters: α and e, [columns, n].
    func advance(_ step: Double, _ alpha: inout [Double], _ rest: inout [Double]) throws(InferenceError) {
        for c in 0..<columns where norms[c] > 0 {
            let flow = try flow(c)
            let (weights, left) = (flow.weights(step), flow.rest(step))
            let (rows, n32) = (Int32(weights.count), Int32(n))
            let first = vectors.doubles + c * n
            BLASThreads.all {
                alpha.withUnsafeMutableBufferPointer {
                    cblas_dgemv(
                        CblasRowMajor, CblasTrans, rows, n32, 1, first, Int32(columns * n), weights, 1, 1,
                        $0.baseAddress! + c * n, 1)
                }
                rest.withUnsafeMutableBufferPointer {
                    cblas_dgemv(
                        CblasRowMajor, CblasTrans, rows, n32, 1, first, Int32(columns * n), left, 1, 0,
                        $0.baseAddress! + c * n, 1)
                }
            }
        }
    }

    private func flow(_ c: Int) throws(InferenceError) -> TridiagonalFlow {
        try TridiagonalFlow(diagonal[c], Array(beside[c].dropLast()), norm: norms[c])
    }
}

/// The flow of a small tridiagonal matrix from a multiple of the first unit vector.
private struct TridiagonalFlow {
    private let spectrum: Spectrum
    private let vectors: [[Double]]
    private let norm: Double

    init(_ diagonal: [Double], _ beside: [Double], norm: Double) throws(InferenceError) {
        let matrix = try SymmetricMatrix.matrix(diagonal.count, diagonal.count)
        for j in diagonal.indices {
            matrix.doubles[j * diagonal.count + j] = diagonal[j]
            if j > 0 { matrix.doubles[j * diagonal.count + j - 1] = beside[j - 1] }
        }
        let spectrum = try Spectrum(of: matrix, method: .dsyevd)
        self.spectrum = spectrum
        vectors = diagonal.indices.map { spectrum.eigenvector($0) }
        self.norm = norm
    }

    /// Of α.
    func weights(_ step: Double) -> [Double] { combination { KernelRegression.flow($0, step) } }

    /// Of e.
    func rest(_ step: Double) -> [Double] { combination { exp(-max($0, 0) * step) } }

    private func combination(_ function: (Double) -> Double) -> [Double] {
        var result = [Double](repeating: 0, count: vectors.count)
        for (i, vector) in vectors.enumerated() {
            let factor = norm * vector[0] * function(spectrum.eigenvalues[i])
            for j in vector.indices { result[j] += factor * vector[j] }
        }
        return result
    }
}

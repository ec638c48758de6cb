import Compute

extension Spectrum {
    /// Whether these are eigenpairs of a matrix: a random combination Vc must be as long as c and become V(λc).
    ///
    /// A single wrong number shows, and it costs one product with Θ.
    /// - Parameters:
    ///   - gram: Θ, n × n, either precision; only i ≥ j is read.
    ///   - tolerance: relative to λ_0 ‖c‖.
    /// - Complexity: 2 n² flops.
    package func fits(_ gram: HostMatrix, tolerance: Double = 1e-8) -> Bool {
        guard gram.rows == n, gram.columns == n else { return false }
        return fits(tolerance: tolerance) { x in
            switch gram.precision {
            case .float32: gram.withElements(as: Float.self) { Self.multiply($0, n, x) }
            case .float64: gram.withElements(as: Double.self) { Self.multiply($0, n, x) }
            }
        }
    }

    /// Whether these are eigenpairs of a matrix that is known by its products with a vector.
    func fits<E: Error>(
        tolerance: Double = 1e-8, _ product: ([Double]) throws(E) -> [Double]
    ) throws(E) -> Bool {
        var generator = SplitMix64(0x6669_7473)
        let c = (0..<count).map { _ in Double.random(in: 0.5...1, using: &generator) }
        let x = combine(Tensor(shape: [count, 1], elements: c)).elements
        let wanted = combine(Tensor(shape: [count, 1], elements: zip(c, eigenvalues).map { $0 * $1 }))
            .elements
        let found = try product(x)
        func norm(_ numbers: [Double]) -> Double { numbers.reduce(0) { $0 + $1 * $1 }.squareRoot() }
        let scale = norm(c)
        let error = norm(zip(found, wanted).map { $0 - $1 })
        // Both comparisons are false for NaN.
        return error <= tolerance * max(abs(eigenvalues[0]), Double.leastNormalMagnitude) * scale
            && abs(norm(x) - scale) <= tolerance * scale
    }

    private static func multiply<T: Real>(
        _ lower: UnsafeMutableBufferPointer<T>, _ n: Int, _ x: [Double]
    ) -> [Double] {
        var y = [Double](repeating: 0, count: n)
        y.withUnsafeMutableBufferPointer { y in
            x.withUnsafeBufferPointer { x in
                for i in 0..<n {
                    let row = lower.baseAddress! + i * n
                    var sum = 0.0
                    for j in 0..<i {
                        let value = Double(row[j])
                        sum += value * x[j]
                        y[j] += value * x[i]
                    }
                    y[i] += sum + Double(row[i]) * x[i]
                }
            }
        }
        return y
    }
}

import Compute

/// The eigen-features of a kernel regression:
/// `f⁽ⁱ⁾(x) = (λ_i + λ)⁻¹ Θ(x,X) v_i v_iᵀ Y`, where λ is the ridge; all of them add up to f_∞.
///
/// Every output of feature i is a multiple of the same function g_i(x) = (λ_i + λ)⁻¹ Θ(x,X) v_i, its *carrier*:
/// f⁽ⁱ⁾_c = u_ic g_i with u_i = v_iᵀ Y. So k outputs cost no more pairs than one.
///
/// Source: Tsilivis & Kempe 2022, eq. 9 (without ridge).
public struct EigenFeatures: Sendable {
    public let spectrum: Spectrum
    /// λ, as it is added to the diagonal.
    public let ridge: Double
    /// u = Vᵀ Y, [count, k].
    public let projections: Tensor<Double>

    /// - Parameters:
    ///   - spectrum: of Θ without the ridge; all or the largest eigenvalues.
    ///   - targets: Y, [n, k].
    ///   - ridge: λ ≥ 0.
    public init(_ spectrum: Spectrum, targets: Tensor<Double>, ridge: Double = 0) {
        precondition(
            targets.count == spectrum.n && targets.shape.count == 2, "targets \(targets.shape) of \(spectrum.n) points")
        self.spectrum = spectrum
        self.ridge = ridge
        projections = spectrum.project(targets)
    }

    /// Known features.
    public var count: Int { spectrum.count }
    /// k.
    public var outputs: Int { projections.stride }

    /// Weights of the carriers, (λ_i + λ)⁻¹ v_i.
    /// - Parameter indices: 0 is the largest eigenvalue.
    /// - Returns: [n, indices].
    /// - Throws: `InferenceError.singularFeature` where an eigenvalue is rounding error.
    /// - Complexity: n · indices.
    public func carriers(_ indices: [Int]) throws(InferenceError) -> Tensor<Double> {
        let n = spectrum.n
        var elements = [Double](repeating: 0, count: n * indices.count)
        for (column, index) in indices.enumerated() {
            let factor = 1 / (try regularized(index))
            for (row, entry) in spectrum.eigenvector(index).enumerated() {
                elements[row * indices.count + column] = factor * entry
            }
        }
        return Tensor(shape: [n, indices.count], elements: elements)
    }

    /// Weights of the sum of some features: a truncated kernel machine, or one feature.
    /// - Parameter indices: each at most once.
    /// - Returns: [n, k].
    /// - Throws: `InferenceError.singularFeature`.
    /// - Complexity: 2 n · count · k flops.
    public func weights(of indices: some Sequence<Int>) throws(InferenceError) -> Tensor<Double> {
        let k = outputs
        var coefficients = Tensor<Double>(shape: [count, k], repeating: 0)
        for index in indices {
            let factor = 1 / (try regularized(index))
            for c in 0..<k { coefficients.elements[index * k + c] = factor * projections.elements[index * k + c] }
        }
        return spectrum.combine(coefficients)
    }

    /// u_i, [k].
    public func projection(_ index: Int) -> [Double] {
        Array(projections.elements[index * outputs..<(index + 1) * outputs])
    }

    private func regularized(_ index: Int) throws(InferenceError) -> Double {
        precondition((0..<count).contains(index), "feature \(index) of \(count)")
        let eigenvalue = spectrum.eigenvalues[index] + ridge
        let largest = spectrum.eigenvalues[0] + ridge
        // Below n · ε · λ_0 an eigenvalue is rounding error: the usual bound of a numerical rank.
        guard eigenvalue > Double(spectrum.n) * Double.ulpOfOne * abs(largest) else {
            throw .singularFeature(index: index, eigenvalue: eigenvalue, largest: largest)
        }
        return eigenvalue
    }
}

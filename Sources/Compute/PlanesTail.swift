/// Dense layers at the end of a program on planes: `k' = w² k + b²`, `t' = k' + w² t` as one affine map.
package struct PlanesTail: Sendable, Hashable {
    /// A linear form in k, t and 1.
    package struct Form: Sendable, Hashable {
        package var t: Double
        package var k: Double
        package var one: Double

        package func callAsFunction(k: Double, t: Double) -> Double { self.t * t + self.k * k + one }
    }

    /// NNGP, which does not depend on t, and NTK in terms of both behind the last other step.
    private var nngp = Form(t: 0, k: 1, one: 0)
    private var ntk = Form(t: 1, k: 0, one: 0)

    init(_ steps: ArraySlice<CovarianceStep>) {
        for step in steps {
            guard case .dense(let weight, let bias) = step else {
                preconditionFailure("a step that is not dense among the last of a program on planes")
            }
            nngp = Form(t: 0, k: weight * nngp.k, one: weight * nngp.one + bias)
            ntk = Form(t: weight * ntk.t, k: weight * ntk.k + nngp.k, one: weight * ntk.one + nngp.one)
        }
    }

    /// The covariance as a form in those behind the last other step; its factors are the derivatives.
    package subscript(kind: CovarianceKind) -> Form { kind == .nngp ? nngp : ntk }
}

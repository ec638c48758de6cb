extension Operation {
    /// One ascent step inside an ℓ∞ ball and a box, in place:
    /// `x ← clip(clip(x + α sign(g), x₀ − ε, x₀ + ε), lower, upper)` with `sign(0) = 0`.
    ///
    /// The result obeys `|x − x₀| ≤ ε` and the box exactly, as a subtraction in the buffers' precision sees it.
    /// - Parameters:
    ///   - point: x, [count].
    ///   - origin: x₀, [count].
    ///   - gradient: g, [count].
    ///   - stepSize: α ≥ 0, same unit as x.
    ///   - eps: ε ≥ 0, same unit as x.
    ///   - box: allowed values of x; nil for no box.
    package static func signStep(
        point: Buffer, origin: Buffer, gradient: Buffer, stepSize: Double, eps: Double, box: ClosedRange<Double>?
    ) -> Operation {
        let infinity = Double.infinity
        return Operation(
            kernel: "Attack/sign_step", precision: point.precision,
            arguments: [
                .buffer(point), .buffer(origin), .buffer(gradient), .real(stepSize),
                .real(eps.roundedDown(to: point.precision)),
                .real(box?.lowerBound ?? -infinity), .real(box?.upperBound ?? infinity), .size(point.count),
            ],
            range: point.count)
    }
}

extension Double {
    /// The largest number of `precision` that is not above this one.
    fileprivate func roundedDown(to precision: Precision) -> Double {
        guard precision == .float32 else { return self }
        let nearest = Float(self)
        return Double(Double(nearest) > self ? nearest.nextDown : nearest)
    }
}

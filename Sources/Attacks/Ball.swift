import Compute

/// The ball and the box of a threat model in the numbers of a precision, and movement inside both.
///
/// Points that come out of it are numbers of the precision and obey `‖x̃ − x‖ ≤ ε` and the box exactly: every number
/// is rounded towards x, never away from it. In ℓ2 and ℓ1 the radius is smaller than ε by a share that the rounding
/// of a sum uses up in no order of summation.
struct Ball: Sendable {
    let norm: ThreatModel.Norm
    /// ε, rounded down to the precision.
    let eps: Double
    /// Rounded to nearest, like points that lie on its bounds.
    let box: ClosedRange<Double>?
    let precision: Precision

    init(_ threat: ThreatModel, _ precision: Precision) {
        norm = threat.norm
        self.precision = precision
        guard precision == .float32 else {
            (eps, box) = (threat.eps, threat.box)
            return
        }
        let radius = Float(threat.eps)
        eps = Double(Double(radius) > threat.eps ? radius.nextDown : radius)
        box = threat.box.map { Double(Float($0.lowerBound))...Double(Float($0.upperBound)) }
    }

    /// What a perturbation may measure before it is rounded: ε, less 2⁻²⁰ (float64: 2⁻⁴⁰) of it where lengths are sums.
    var radius: Double {
        switch (norm, precision) {
        case (.linf, _): eps
        case (_, .float32): eps * (1 - 0x1p-20)
        case (_, .float64): eps * (1 - 0x1p-40)
        }
    }

    /// The point that is moved to x + δ, with δ brought into ball and box.
    /// - Parameters:
    ///   - delta: δ, [d].
    ///   - origin: x, [d]; numbers of the precision inside the box.
    ///   - radius: of a ball other than this one; nil for this one's.
    func point(at origin: [Double], moved delta: [Double], radius: Double? = nil) -> [Double] {
        guard eps > 0 else { return origin }
        let limited = limited(delta, at: origin, radius: radius ?? self.radius)
        return origin.indices.map { placed(origin[$0], limited[$0]) }
    }

    /// The point of ball and box that a search goes on from after it stepped to `point`.
    func projected(_ point: [Double], around origin: [Double], radius: Double? = nil) -> [Double] {
        self.point(at: origin, moved: zip(point, origin).map { $0 - $1 }, radius: radius)
    }

    /// The point inside the box, whatever the ball.
    func boxed(_ point: [Double], around origin: [Double]) -> [Double] {
        zip(point, origin).map { placed($1, $0 - $1) }
    }

    /// x + δ inside the box, rounded towards x.
    private func placed(_ x: Double, _ delta: Double) -> Double {
        // Keeps the sign of a zero.
        guard delta != 0 else { return x }
        var moved = precision == .float32 ? Double(Float(x + delta)) : x + delta
        while abs(moved - x) > abs(delta) { moved = next(moved, towards: x) }
        return box.map { min(max(moved, $0.lowerBound), $0.upperBound) } ?? moved
    }

    private func next(_ number: Double, towards x: Double) -> Double {
        switch precision {
        case .float32: Double(number > x ? Float(number).nextDown : Float(number).nextUp)
        case .float64: number > x ? number.nextDown : number.nextUp
        }
    }

    /// δ inside the ball of a radius. In ℓ1 the nearest one of ball and box together.
    private func limited(_ delta: [Double], at origin: [Double], radius: Double) -> [Double] {
        switch norm {
        case .linf: return delta.map { min(max($0, -radius), radius) }
        case .l2:
            let length = norm.length(delta)
            return length > radius ? delta.map { $0 * (radius / length) } : delta
        case .l1: return nearest(delta, room(origin, along: delta), radius)
        }
    }

    /// How far each number may go in the direction of δ before it meets the box.
    func room(_ origin: [Double], along delta: [Double]) -> [Double] {
        guard let box else { return Array(repeating: .infinity, count: delta.count) }
        return zip(origin, delta).map { $1 > 0 ? box.upperBound - $0 : $0 - box.lowerBound }
    }

    /// The nearest point of an ℓ1 ball and a box: `δ_j ← sign(δ_j) clip(|δ_j| − λ, 0, room_j)`, with the smallest λ ≥ 0
    /// for which the sum of sizes is at most the radius.
    ///
    /// Source: Croce & Hein, "Mind the box: ℓ1-APGD for sparse adversarial attacks on image classifiers", 2021,
    /// proposition 3.1. λ is found by bisection, in O(d) for each bit.
    private func nearest(_ delta: [Double], _ room: [Double], _ radius: Double) -> [Double] {
        let sizes = delta.map { abs($0) }
        func cut(_ j: Int, _ lambda: Double) -> Double { min(max(sizes[j] - lambda, 0), room[j]) }
        func sum(_ lambda: Double) -> Double { sizes.indices.reduce(0) { $0 + cut($1, lambda) } }
        var low = 0.0
        var high = 0.0
        if sum(0) > radius {
            high = sizes.max() ?? 0
            while true {
                let middle = low + (high - low) / 2
                guard middle > low, middle < high else { break }
                if sum(middle) > radius { low = middle } else { high = middle }
            }
        }
        return delta.indices.map { delta[$0] < 0 ? -cut($0, high) : cut($0, high) }
    }

    /// ‖x̃ − x‖, with the numbers subtracted in the precision.
    func distance(_ point: ArraySlice<Double>, _ origin: ArraySlice<Double>) -> Double {
        norm.length(
            zip(point, origin).map { precision == .float32 ? Double(Float($0) - Float($1)) : $0 - $1 })
    }
}

extension ThreatModel.Norm {
    /// ‖δ‖.
    func length(_ delta: [Double]) -> Double {
        switch self {
        case .linf: return delta.reduce(0) { max($0, abs($1)) }
        case .l1: return delta.reduce(0) { $0 + abs($1) }
        case .l2:
            // Squares of very small and very large numbers do not exist; a factor of the largest one keeps them away.
            let largest = Self.linf.length(delta)
            guard largest > 0, largest.isFinite else { return largest }
            return largest * delta.reduce(0) { $0 + ($1 / largest) * ($1 / largest) }.squareRoot()
        }
    }
}

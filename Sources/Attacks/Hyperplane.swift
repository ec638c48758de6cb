import Compute

/// Where a linear function of the input is zero: `{z : gap + ⟨slope, z − x⟩ = 0}`, seen from a point x.
struct Hyperplane {
    /// Value of the linear function at x.
    let gap: Double
    let slope: [Double]

    /// Length of the shortest perturbation that reaches it where there is no box: |gap| over the dual norm of the slope.
    func distance(_ norm: ThreatModel.Norm) -> Double {
        let dual: ThreatModel.Norm =
            switch norm {
            case .linf: .l1
            case .l2: .l2
            case .l1: .linf
            }
        return abs(gap) / max(dual.length(slope), 1e-300)
    }

    /// The shortest perturbation of x that reaches it inside the box; the longest one in its direction where none does.
    ///
    /// * ℓ∞: `δ_j = ±min(λ, room_j)`; ℓ2: `±min(λ |slope_j|, room_j)`, with the λ that reaches it.
    /// * ℓ1: the steepest numbers go as far as the box lets them, one after the other.
    ///
    /// Source: Croce & Hein, "Minimally distorted adversarial examples with a fast adaptive boundary attack", 2020,
    /// section 2.2.
    func shortest(from x: [Double], _ ball: Ball) -> [Double] {
        let direction = gap > 0 ? slope.map { -$0 } : slope
        let room = ball.room(x, along: direction).map { max($0, 0) }
        let weights = slope.map { abs($0) }
        let largest = weights.max() ?? 0
        guard largest > 0, gap != 0 else { return slope.map { _ in 0 } }
        let sizes: [Double]
        switch ball.norm {
        case .linf:
            sizes = Ball.filled(weights, weights.map { $0 > 0 ? 1 : 0 }, room, power: 1, total: abs(gap))
        case .l2:
            sizes = Ball.filled(weights, weights.map { $0 / largest }, room, power: 1, total: abs(gap))
        case .l1:
            var rest = abs(gap)
            var filled = [Double](repeating: 0, count: slope.count)
            for j in slope.indices.sorted(by: { weights[$0] > weights[$1] }) where rest > 0 && weights[j] > 0 {
                filled[j] = min(room[j], rest / weights[j])
                rest -= filled[j] * weights[j]
            }
            sizes = filled
        }
        return slope.indices.map { direction[$0] < 0 ? -sizes[$0] : sizes[$0] }
    }
}

/// The borders of a class, seen from a point where outputs and gradients are known.
struct ClassBorders {
    let label: Int
    /// Classes whose border counts; one unnamed one for a binary task.
    let rivals: [Int?]

    /// Directions in the outputs that turn each margin.
    func cotangents(_ outputs: ArraySlice<Double>) -> [[Double]] {
        rivals.map { AttackObjective(loss: .margin, rival: $0).derivative(outputs, label: label) }
    }

    /// The nearest of the borders of the linearised margins.
    func nearest(
        _ outputs: ArraySlice<Double>, _ gradients: [[Double]], _ norm: ThreatModel.Norm
    ) -> Hyperplane? {
        zip(rivals, gradients)
            .map {
                Hyperplane(gap: AttackObjective(loss: .margin, rival: $0).value(outputs, label: label), slope: $1)
            }
            .min { $0.distance(norm) < $1.distance(norm) }
    }
}

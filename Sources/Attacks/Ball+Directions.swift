import Compute

extension ThreatModel.Norm {
    /// The direction in which a step goes, of length 1 in the norm; 0 for a gradient that is 0.
    ///
    /// * ℓ∞: the sign of the gradient.
    /// * ℓ2: the gradient over its length.
    /// * ℓ1: the signs of the largest entries, `share` of all, at least one, over their number. Source: Tramèr & Boneh,
    ///   "Adversarial training and robustness for multiple perturbations", 2019 (SLIDE), with its share of 1 %.
    func direction(_ gradient: [Double], share: Double = 0.01) -> [Double] {
        switch self {
        case .linf: return gradient.map { $0 > 0 ? 1 : $0 < 0 ? -1 : 0 }
        case .l2:
            let length = length(gradient)
            return length > 0 ? gradient.map { $0 / length } : gradient
        case .l1:
            let sizes = gradient.map { abs($0) }
            let count = min(max(Int((share * Double(sizes.count)).rounded()), 1), max(sizes.count, 1))
            let smallest = sizes.sorted(by: >).dropFirst(count - 1).first ?? 0
            let signs = gradient.map { $0 == 0 || abs($0) < smallest ? 0 : $0 > 0 ? 1.0 : -1 }
            let total = Self.l1.length(signs)
            return total > 0 ? signs.map { $0 / total } : signs
        }
    }
}

extension Ball {
    /// The δ of ball and box in which `Σ_j slope_j δ_j` is largest.
    ///
    /// * ℓ∞: every number goes as far as it may.
    /// * ℓ2: `δ_j = sign(slope_j) min(λ |slope_j|, room_j)`, with λ such that the length is the radius.
    /// * ℓ1: the steepest numbers go as far as the box lets them, until the radius is used up.
    func farthest(along slope: [Double], at origin: [Double]) -> [Double] {
        let room = room(origin, along: slope)
        let sizes: [Double]
        switch norm {
        case .linf: sizes = room.map { min($0, radius) }
        case .l2:
            let largest = ThreatModel.Norm.linf.length(slope)
            guard largest > 0 else { return slope }
            let shares = slope.map { abs($0) / largest }
            sizes = Self.filled(
                shares.map { _ in 1 }, shares, room, power: 2, total: radius * radius)
        case .l1:
            var rest = radius
            var filled = [Double](repeating: 0, count: slope.count)
            for j in slope.indices.sorted(by: { abs(slope[$0]) > abs(slope[$1]) }) where rest > 0 && slope[j] != 0 {
                filled[j] = min(room[j], rest)
                rest -= filled[j]
            }
            sizes = filled
        }
        return slope.indices.map { slope[$0] > 0 ? sizes[$0] : slope[$0] < 0 ? -sizes[$0] : 0 }
    }

    /// `min(λ speed_j, room_j)`, with the λ ≥ 0 for which `Σ_j weight_j size_j^power` is the total; all of `room` where
    /// that does not suffice.
    /// - Parameter power: 1 or 2.
    static func filled(
        _ weights: [Double], _ speeds: [Double], _ room: [Double], power: Int, total: Double
    ) -> [Double] {
        func measure(_ j: Int, _ size: Double) -> Double { weights[j] * (power == 2 ? size * size : size) }
        // More and more numbers meet their bound as λ rises, so it is reached after finitely many rounds.
        var isBounded = speeds.map { $0 <= 0 }
        var lambda = 0.0
        while true {
            var (rest, slope) = (total, 0.0)
            for j in speeds.indices where speeds[j] > 0 {
                if isBounded[j] { rest -= measure(j, room[j]) } else { slope += measure(j, speeds[j]) }
            }
            guard slope > 0, rest > 0 else { break }
            lambda = power == 2 ? (rest / slope).squareRoot() : rest / slope
            let met = speeds.indices.filter { !isBounded[$0] && lambda * speeds[$0] >= room[$0] }
            guard !met.isEmpty else { break }
            for j in met { isBounded[j] = true }
        }
        return speeds.indices.map { j in
            speeds[j] <= 0 ? 0 : isBounded[j] ? room[j] : min(lambda * speeds[j], room[j])
        }
    }
}

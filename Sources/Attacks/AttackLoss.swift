/// A loss of outputs f and a class y. An attack raises it for the true class, or lowers it for a wanted one.
public enum AttackLoss: String, Sendable, CaseIterable, Codable {
    /// Outputs are logits. k = 1: log(1 + exp(−y f)). k > 1: log Σ_c exp f_c − f_y.
    case crossEntropy = "cross_entropy"
    /// k = 1: (f − y)² / 2. k > 1: Σ_c (f_c − [c = y])² / 2, one-hot targets. Raising it moves outputs that are beyond
    /// their target further beyond it, away from the decision.
    case mse
    /// k = 1: −y f. k > 1: max_{c ≠ y} f_c − f_y. Positive where the point is misclassified.
    case margin
    /// The margin cut off at 0 once the goal is reached: an attack that has succeeded stops.
    /// Source: Carlini & Wagner 2017, f₆ with κ = 0.
    case cw
    /// The difference of logits ratio, `(max_{c ≠ y} f_c − f_y) / (f_π1 − f_π3)` with the outputs in falling order π:
    /// the margin without the scale of the outputs. With fewer than three outputs there is no third one and it is the
    /// margin itself, whose direction is that of every loss there.
    /// Source: Croce & Hein 2020, eq. 6.
    case dlr
}

/// What an attack raises: the loss of the class that a point shall leave, or minus the loss of the class that it
/// shall reach (`isTargeted`).
///
/// Everything stays finite and free of cancellation for outputs of any size.
package struct AttackObjective: Sendable, Equatable {
    package let loss: AttackLoss
    package let isTargeted: Bool
    /// The class that margins are taken against instead of the largest other one, where k > 1: an attack that leaves y
    /// towards this class. With it, dlr is `(f_r − f_y) / (f_π1 − (f_π3 + f_π4) / 2)` (Croce & Hein 2020, eq. 7), and
    /// f_π3 stands in the place of f_π4 where there are three outputs. Losses without a margin do not see it.
    package let rival: Int?

    package init(loss: AttackLoss, isTargeted: Bool = false, rival: Int? = nil) {
        self.loss = loss
        self.isTargeted = isTargeted
        self.rival = rival
    }

    /// The objective at one point: the loss; for `cw` min(margin, 0). Minus the loss where targeted; for `cw`
    /// min(−margin, 0).
    /// - Parameters:
    ///   - outputs: f, [k].
    ///   - label: y: −1 or 1 where k = 1, else 0..<k.
    package func value(_ outputs: ArraySlice<Double>, label: Int) -> Double {
        let sign = isTargeted ? -1.0 : 1.0
        switch loss {
        case .crossEntropy: return sign * Self.crossEntropy(outputs, label)
        case .mse: return sign * Self.squares(outputs, label)
        case .margin: return sign * margin(outputs, label)
        case .cw: return min(sign * margin(outputs, label), 0)
        case .dlr: return sign * margin(outputs, label) / ratio(outputs).spread
        }
    }

    /// The derivative of `value` in the outputs, [k]. Of equal largest outputs the first counts.
    /// For `cw` it is 0 where the goal is reached, and the margin's where it is not, or just so (margin 0).
    package func derivative(_ outputs: ArraySlice<Double>, label: Int) -> [Double] {
        let sign = isTargeted ? -1.0 : 1.0
        let derivative: [Double]
        switch loss {
        case .crossEntropy:
            let scale = Self.misclassification(outputs, label)
            derivative = Self.crossEntropyDirection(outputs, label).map { $0 * scale }
        case .mse: derivative = Self.residual(outputs, label)
        case .margin: derivative = marginDerivative(outputs, label)
        case .cw:
            let isActive = sign * margin(outputs, label) <= 0
            derivative = marginDerivative(outputs, label).map { isActive ? $0 : 0 }
        case .dlr:
            let (spread, spreadDerivative) = ratio(outputs)
            let value = margin(outputs, label) / spread
            derivative = zip(marginDerivative(outputs, label), spreadDerivative).map { ($0 - value * $1) / spread }
        }
        return derivative.map { sign * $0 }
    }

    /// `derivative` divided by a positive number of the point, chosen so that its largest entry is of size 1 where
    /// it is not zero: the same sign of the input gradient, without the underflow that confident predictions cause.
    package func direction(_ outputs: ArraySlice<Double>, label: Int) -> [Double] {
        if loss == .crossEntropy {
            return Self.crossEntropyDirection(outputs, label).map { isTargeted ? -$0 : $0 }
        }
        let derivative = derivative(outputs, label: label)
        let largest = derivative.reduce(0) { max($0, abs($1)) }
        return largest > 0 ? derivative.map { $0 / largest } : derivative
    }
}

extension AttackObjective {
    /// Whether `direction` depends on the label alone. With one output every loss goes the same way, but for those that
    /// have an end: mse at its target, cw at the goal.
    package func hasConstantDirection(outputs: Int) -> Bool { outputs == 1 && loss != .mse && loss != .cw }
}

// MARK: Losses of one point

extension AttackObjective {
    private static func crossEntropy(_ f: ArraySlice<Double>, _ y: Int) -> Double {
        guard f.count > 1 else { return softplus(-Double(y) * f[f.startIndex]) }
        // log(1 + Σ_{c ≠ y} exp(f_c − f_y)), with the largest other output taken out of the sum.
        let (largest, sum) = others(f, y)
        return softplus(largest - f[f.startIndex + y] + log(sum))
    }

    /// 1 − p_y: what all entries of the derivative have in common.
    private static func misclassification(_ f: ArraySlice<Double>, _ y: Int) -> Double {
        guard f.count > 1 else { return sigmoid(-Double(y) * f[f.startIndex]) }
        let (largest, sum) = others(f, y)
        return sigmoid(largest - f[f.startIndex + y] + log(sum))
    }

    /// (p − onehot(y)) / (1 − p_y): the probabilities of the other classes among themselves, −1 at y.
    private static func crossEntropyDirection(_ f: ArraySlice<Double>, _ y: Int) -> [Double] {
        guard f.count > 1 else { return [-Double(y)] }
        let (largest, sum) = others(f, y)
        return f.indices.map { $0 == f.startIndex + y ? -1 : exp(f[$0] - largest) / sum }
    }

    /// The largest output of a class other than y, and Σ_{c ≠ y} exp(f_c − largest) ≥ 1.
    private static func others(_ f: ArraySlice<Double>, _ y: Int) -> (largest: Double, sum: Double) {
        let largest = f[rival(f, y)]
        let sum = f.indices.reduce(0.0) { $1 == f.startIndex + y ? $0 : $0 + exp(f[$1] - largest) }
        return (largest, sum)
    }

    /// Position of the largest output of a class other than y, the first on ties.
    private static func rival(_ f: ArraySlice<Double>, _ y: Int) -> Int {
        var best = f.startIndex + (y == 0 ? 1 : 0)
        for index in f.indices where index != f.startIndex + y && f[index] > f[best] { best = index }
        return best
    }

    private static func residual(_ f: ArraySlice<Double>, _ y: Int) -> [Double] {
        guard f.count > 1 else { return [f[f.startIndex] - Double(y)] }
        return f.indices.map { f[$0] - ($0 == f.startIndex + y ? 1 : 0) }
    }

    private static func squares(_ f: ArraySlice<Double>, _ y: Int) -> Double {
        residual(f, y).reduce(0) { $0 + $1 * $1 / 2 }
    }

    private func margin(_ f: ArraySlice<Double>, _ y: Int) -> Double {
        guard f.count > 1 else { return -Double(y) * f[f.startIndex] }
        return f[against(f, y)] - f[f.startIndex + y]
    }

    private func marginDerivative(_ f: ArraySlice<Double>, _ y: Int) -> [Double] {
        guard f.count > 1 else { return [-Double(y)] }
        let rival = against(f, y)
        return f.indices.map { $0 == rival ? 1 : $0 == f.startIndex + y ? -1 : 0 }
    }

    /// Position of the class that the margin of y is taken against.
    private func against(_ f: ArraySlice<Double>, _ y: Int) -> Int {
        rival.map { f.startIndex + $0 } ?? Self.rival(f, y)
    }

    /// What dlr divides by, and its derivative; 1 with fewer than three outputs. Equal outputs are told apart by 1e-12.
    private func ratio(_ f: ArraySlice<Double>) -> (spread: Double, derivative: [Double]) {
        var derivative = [Double](repeating: 0, count: f.count)
        guard f.count > 2 else { return (1, derivative) }
        let order = f.indices.sorted { (f[$0], $1) > (f[$1], $0) }
        let (third, last) = (order[2], rival != nil && f.count > 3 ? order[3] : order[2])
        derivative[order[0] - f.startIndex] += 1
        derivative[third - f.startIndex] -= 0.5
        derivative[last - f.startIndex] -= 0.5
        return (f[order[0]] - (f[third] + f[last]) / 2 + 1e-12, derivative)
    }
}

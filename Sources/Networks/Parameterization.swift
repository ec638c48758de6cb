/// How weights enter a finite layer.
package enum Parameterization: String, Sendable, CaseIterable {
    /// `z = σ_w/√fan_in · W x + σ_b b` with standard normal W and b: the training of wide nets tends to that of their
    /// NTK. Source: Jacot et al. 2018.
    case ntk
    /// `z = W x + b`, the scales being in the initial W and b.
    case standard
}

/// What a fresh net draws its effective weights from, all of them normal: what they are multiplied with in `z` has
/// this standard deviation, whatever the parameterization.
package enum Initialization: String, Sendable, CaseIterable {
    /// σ_w/√fan_in and σ_b, as the layers say: the infinite net of the same layers is the limit.
    case ntk
    /// 1/√fan_in, biases zero. Source: LeCun et al. 1998.
    case lecun
    /// √(2/fan_in), biases zero. Source: He et al. 2015.
    case he
}

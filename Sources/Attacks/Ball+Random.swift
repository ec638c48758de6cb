import Compute

extension Ball {
    /// A perturbation that is uniform in the ball, [d].
    ///
    /// ℓ2: a normal vector of length `ε u^(1/d)`; ℓ1: exponential numbers with random signs, over their sum and one
    /// number more.
    func uniform(_ count: Int, using generator: inout SplitMix64) -> [Double] {
        switch norm {
        case .linf: return (0..<count).map { _ in Double.random(in: -eps...eps, using: &generator) }
        case .l2:
            let normal = generator.normal(count)
            let length = radius * exp(log(generator.positive()) / Double(max(count, 1)))
            return norm.direction(normal).map { $0 * length }
        case .l1:
            let sizes = (0..<count).map { _ in -log(generator.positive()) }
            let total = sizes.reduce(-log(generator.positive()), +)
            return sizes.map { (Bool.random(using: &generator) ? 1 : -1) * radius * $0 / total }
        }
    }
}

extension SplitMix64 {
    /// Uniform in (0, 1].
    mutating func positive() -> Double { 1 - Double.random(in: 0..<1, using: &self) }

    /// Independent numbers of the standard normal distribution. Source: Box & Muller 1958.
    mutating func normal(_ count: Int) -> [Double] {
        var numbers: [Double] = []
        numbers.reserveCapacity(count + 1)
        while numbers.count < count {
            let length = (-2 * log(positive())).squareRoot()
            let angle = 2 * Double.pi * Double.random(in: 0..<1, using: &self)
            numbers += [length * cos(angle), length * sin(angle)]
        }
        return Array(numbers[..<count])
    }
}

import Compute

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// One array of parameters and its place among all parameters of a net.
package struct ParameterArray: Sendable, Hashable {
    package enum Role: String, Sendable {
        case weights
        case bias
    }

    package let role: Role
    /// Position of its layer among the layers with weights.
    package let layer: Int
    package let shape: [Int]
    /// First number.
    package let offset: Int
    /// Numbers that one output sums over.
    let fanIn: Int
    /// σ_w or σ_b of the layer.
    let deviation: Double
    /// What the array is multiplied with in the layer.
    let scale: Double

    package var count: Int { shape.reduce(1, *) }
    package var range: Range<Int> { offset..<offset + count }

    /// Standard deviation of the fresh numbers.
    func initialDeviation(_ initialization: Initialization) -> Double {
        switch (role, initialization) {
        case (.weights, .ntk): deviation / Double(fanIn).squareRoot() / scale
        case (.weights, .lecun): 1 / Double(fanIn).squareRoot() / scale
        case (.weights, .he): (2 / Double(fanIn)).squareRoot() / scale
        case (.bias, .ntk): deviation / scale
        case (.bias, .lecun), (.bias, .he): 0
        }
    }

    /// Fresh numbers: they depend on seed, layer and role alone.
    func initialNumbers(_ initialization: Initialization, seed: UInt64) -> [Double] {
        let deviation = initialDeviation(initialization)
        guard deviation > 0 else { return Array(repeating: 0, count: count) }
        var generator = SplitMix64(seed, UInt64(layer), role == .weights ? 0 : 1)
        var numbers: [Double] = []
        numbers.reserveCapacity(count + 1)
        while numbers.count < count {
            // Two normal numbers of two uniform ones. Source: Box & Muller 1958.
            let radius = (-2 * log(1 - Double.random(in: 0..<1, using: &generator))).squareRoot()
            let angle = 2 * Double.pi * Double.random(in: 0..<1, using: &generator)
            numbers.append(deviation * radius * cos(angle))
            numbers.append(deviation * radius * sin(angle))
        }
        return Array(numbers.prefix(count))
    }
}

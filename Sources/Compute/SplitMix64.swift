/// A random generator with a seed. Source: Steele, Lea & Flood, "Fast splittable pseudorandom number generators", 2014.
package struct SplitMix64: RandomNumberGenerator {
    private var state: UInt64

    /// A stream of its own for every combination of numbers.
    package init(_ keys: UInt64...) {
        state = 0
        for key in keys {
            state ^= key
            state = next()
        }
    }

    /// The stream that a state begins.
    package init(state: UInt64) { self.state = state }

    package mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}

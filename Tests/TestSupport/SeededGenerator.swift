import Compute

/// A small random generator with a seed, for tests.
package struct SeededGenerator: RandomNumberGenerator {
    private var generator: SplitMix64

    package init(seed: UInt64) { generator = SplitMix64(state: seed) }

    package mutating func next() -> UInt64 { generator.next() }

    /// `count` numbers, uniform in `range`.
    package mutating func numbers(_ count: Int, in range: ClosedRange<Double> = -1...1) -> [Double] {
        (0..<count).map { _ in Double.random(in: range, using: &self) }
    }
}

import Compute

/// A list of layers: an infinitely wide net.
///
/// ```swift
/// let net = Architecture.fc(depth: 3)
/// ```
public struct Architecture: Sendable {
    public let layers: [any Layer]

    /// The layers in order, from the input on. The read-out is written out: its last layer is usually ``Dense``.
    public init(_ layers: [any Layer]) { self.layers = layers }

    /// `fc`: flatten, depth × (dense, activation), dense.
    /// - Parameter depth: hidden layers, at least 0.
    public static func fc(
        depth: Int, activation: any Layer = Relu(), weightStd: Double = 2.0.squareRoot(), biasStd: Double = 0.1
    ) -> Architecture {
        let dense = Dense(weightStd: weightStd, biasStd: biasStd)
        var layers: [any Layer] = [Flatten()]
        for _ in 0..<depth { layers += [dense, activation] as [any Layer] }
        return Architecture(layers + [dense])
    }

    /// The covariance program for inputs [height, width, channels]; vectors have height = width = 1.
    /// - Throws: ``ArchitectureError`` where a layer cannot follow its predecessor.
    package func program(
        height: Int = 1, width: Int = 1, channels: Int
    ) throws(ArchitectureError) -> CovarianceProgram {
        try Planner.plan(layers, input: .init(height: height, width: width, channels: channels))
    }
}

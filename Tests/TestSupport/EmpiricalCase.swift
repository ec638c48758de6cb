import Compute
import TangentKernels

/// A finite net of the reference data, and what was computed for it.
package struct EmpiricalCase: Sendable, Decodable, CustomStringConvertible {
    package let id: String
    private let spec: [GoldenLayer]
    /// `ntk` or `standard`.
    package let parameterization: String
    private let inShape: [Int]
    package let classes: Int
    package let lr: Double
    package let sgdSteps: Int
    package let dynamicsSteps: [Int]
    private let params: [Parameter]

    private struct Parameter: Decodable {
        let index: Int
    }

    package var description: String { id }

    package func architecture() throws -> Architecture {
        var layers: [any Layer] = []
        for layer in spec { layers.append(try Layers.make(layer.description, defaults: LayerDefaults())) }
        return Architecture(layers)
    }

    /// Of one point.
    package var input: ImageShape {
        inShape.count == 3
            ? ImageShape(height: inShape[0], width: inShape[1], channels: inShape[2])
            : ImageShape(channels: inShape.reduce(1, *))
    }

    package func arrays() throws -> NPZArchive { try Golden.archive(id) }

    /// The arrays `<prefix>_<i>` of all parameters, one behind the other.
    package func parameters(_ prefix: String) throws -> [Double] {
        let archive = try arrays()
        return try params.flatMap { try archive.tensor("\(prefix)_\($0.index)").elements }
    }

    /// One-hot labels, [n, classes].
    package func targets() throws -> [Double] {
        try arrays().tensor("label").elements.flatMap { label in
            (0..<classes).map { Double($0) == label ? 1 : 0 }
        }
    }

    private struct Extra: Decodable {
        let empirical: [EmpiricalCase]
    }

    /// The cases of `extra.json`; none where the data are absent.
    package static let all = (try? Golden.decode(Extra.self, from: "extra.json").empirical) ?? []
}
